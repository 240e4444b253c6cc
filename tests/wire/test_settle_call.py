"""``decode_settle`` reads what the contract would read, however a lander writes it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.chain import load_artifact
from offbeat.core import InvalidInput, limits
from offbeat.rulebook import Batch, BatchRow, Submission
from offbeat.wire import SETTLE_SELECTOR, decode_settle

ABI = load_artifact("Settlement").abi
HEAD = 4
WORD = 32


def payload(n_rows: int = 0, report_time_seconds: int = 0) -> bytes:
    rows = tuple(BatchRow(1 + number) for number in range(n_rows))
    return Batch(1, bytes(32), 5, 6, report_time_seconds, rows=rows).encode()


def encode(submission: Submission) -> bytes:
    return ABI.encode_call(
        "settle",
        submission.payload,
        submission.certificate,
        submission.attestation,
        submission.proof,
    )


@st.composite
def submissions(draw: st.DrawFn) -> Submission:
    n_rows = draw(st.integers(1, limits.MAX_ROWS))
    return Submission(
        payload=payload(n_rows, report_time_seconds=4),
        certificate=draw(st.binary(max_size=limits.MAX_CERTIFICATE_BYTES)),
        attestation=draw(st.binary(max_size=limits.MAX_CERTIFICATE_BYTES)),
        proof=draw(st.binary(max_size=limits.MAX_PROOF_BYTES)),
    )


@given(submissions())
def test_what_was_encoded_comes_back(submission: Submission) -> None:
    assert decode_settle(encode(submission)) == submission


def test_without_a_report_there_is_no_proof() -> None:
    bare = Submission(payload(3), b"certificate")
    assert decode_settle(encode(bare)) == bare


def with_word(calldata: bytes, at: int, word: int) -> bytes:
    return calldata[:at] + word.to_bytes(WORD) + calldata[at + WORD :]


SMALL = Submission(payload(2), b"\x07" * 65)
"""Its certificate is followed by 31 bytes of padding; its last two arguments are empty."""


def test_dirty_padding_says_nothing() -> None:
    calldata = encode(SMALL)
    end = calldata.index(SMALL.certificate) + len(SMALL.certificate)
    dirty = calldata[:end] + b"\xff" * 31 + calldata[end + 31 :]
    assert decode_settle(dirty) == SMALL


@pytest.mark.parametrize("argument", [2, 3])
@pytest.mark.parametrize("offset", [1 << 20, 1 << 64, 1 << 255, (1 << 256) - 32])
def test_an_empty_argument_may_point_anywhere(argument: int, offset: int) -> None:
    calldata = with_word(encode(SMALL), HEAD + WORD * argument, offset)
    assert decode_settle(calldata) == SMALL


def test_two_arguments_may_share_their_bytes() -> None:
    calldata = encode(SMALL)
    certificate_at = calldata[HEAD + WORD : HEAD + 2 * WORD]
    shared = with_word(calldata, HEAD + 2 * WORD, int.from_bytes(certificate_at))
    assert decode_settle(shared).attestation == SMALL.certificate


@pytest.mark.parametrize("argument", range(4))
def test_a_length_that_the_contract_refuses_is_refused(argument: int) -> None:
    calldata = encode(SMALL)
    at = HEAD + int.from_bytes(calldata[HEAD + WORD * argument : HEAD + WORD * (argument + 1)])
    for length in (limits.MAX_PAYLOAD_BYTES + 1, 1 << 255):
        with pytest.raises(InvalidInput) as refusal:
            decode_settle(with_word(calldata, at, length))
        assert refusal.value.code == "calldata_malformed"


@pytest.mark.parametrize(
    "calldata",
    [b"", SETTLE_SELECTOR, b"\0" * 4 + encode(SMALL)[4:], encode(Submission(b"\0" * 95, b""))],
)
def test_what_cannot_have_landed_is_refused(calldata: bytes) -> None:
    with pytest.raises(InvalidInput) as refusal:
        decode_settle(calldata)
    assert refusal.value.code == "calldata_malformed"


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    with suppress(InvalidInput):
        assert len(decode_settle(SETTLE_SELECTOR + tail).payload) >= 3 * WORD
