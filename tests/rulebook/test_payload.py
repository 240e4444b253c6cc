"""The payload's bytes: packed as the page draws them, unpacked to the same values, no crash."""

from random import Random

from breaking import payload_of, words_of
from hypothesis import given
from hypothesis import strategies as st
from people import ALICE, BOB, LANDER
from scrambling import scramble
from showcase import Showcase

from offbeat.core import Reason, limits
from offbeat.intents import Lane, keccak256
from offbeat.rulebook import (
    Account,
    Applied,
    Batch,
    Partial,
    Position,
    Rejected,
    Submission,
    account_id,
    apply,
    decode,
    owner_of,
)

numbers = st.integers(0, 2**64)


def test_a_record_s_words_are_those_on_the_page() -> None:
    """docs/protocol.md, "Account record and commitment"."""
    account = Account(
        owner=bytes.fromhex("11" * 20),
        index=0x22222222,
        cash_micros=-2,
        lanes=(Lane(3, 4), Lane(5, 6)),
        partials=(Partial(0x07, 0x08, 0x09, bytes([10]) * 32),),
        positions=(Position(0x0B << 64, -12), Position(0x0D << 64, 14)),
    )
    expected = (
        "11111111111111111111111111111111111111112222222200000000000" + "20201",
        "f" * 63 + "e",
        f"{0x0B << 64:032x}" + "f" * 31 + "4",
        f"{0x0D << 64:032x}" + f"{14:032x}",
        *(f"{number:064x}" for number in (3, 4, 5, 6)),
        f"{7:016x}{8:016x}{9:016x}{0:016x}",
        "0a" * 32,
    )
    assert [f"{word:064x}" for word in account.words] == list(expected)
    assert account.commitment == keccak256(bytes.fromhex("".join(expected)))
    assert account.id == account_id(account.owner, account.index)
    assert owner_of(account.id) == account.owner
    assert [account.quantity_of(each << 64) for each in (11, 13, 15)] == [-12, 14, 0]


def test_a_batch_comes_back_from_its_payload(showcase: Showcase) -> None:
    batch = showcase.draft().batch()
    assert decode(batch.encode()) == batch


def test_every_cut_of_a_payload_is_too_short(showcase: Showcase) -> None:
    payload = showcase.draft().batch().encode()
    for length in range(len(payload)):
        assert decode(payload[:length]) == Reason.PAYLOAD_LENGTH
    assert decode(payload + bytes(32)) == Reason.PAYLOAD_LENGTH


def test_a_payload_has_a_longest_length(showcase: Showcase) -> None:
    longest = bytes(limits.MAX_PAYLOAD_BYTES)
    assert isinstance(decode(longest[:96]), Batch)
    state = showcase.world.state
    assert apply(state, Submission(longest + bytes(32), b""), 0, LANDER.address) == Rejected(
        Reason.PAYLOAD_LENGTH
    )


def test_reserved_bits_mean_nothing(showcase: Showcase) -> None:
    """Bits that the page calls 0 may be anything: the batch is the same, its hash is not."""
    batch = showcase.draft().batch()
    words = words_of(batch)
    n_table = 3 + len(batch.underlyings) + 2 * len(batch.credits) + 2 * len(batch.rows)
    words[1] |= (1 << 56) - 1
    words[n_table] |= (1 << 24) - 1
    assert decode(payload_of(words)) == batch


@given(st.binary(max_size=2_000))
def test_any_bytes_decode_or_have_a_reason(payload: bytes) -> None:
    decoded = decode(payload)
    if isinstance(decoded, Batch):
        assert len(decoded.encode()) == len(payload)
    else:
        assert decoded in (Reason.PAYLOAD_LENGTH, Reason.PAYLOAD_BOUNDS)


@given(numbers)
def test_no_payload_makes_apply_raise(showcase: Showcase, seed: int) -> None:
    """Certified damage reaches every rule; a refusal leaves the state alone."""
    draft = showcase.draft()
    good = draft.submission()
    random = Random(seed)
    payload = scramble(good.payload, random)
    damaged = Submission(
        payload,
        draft.world.certify(payload),
        random.choice((good.attestation, b"", random.randbytes(65))),
        random.choice((good.proof, good.proof[1:], good.proof[32:], b"")),
    )
    state = draft.state
    outcome = apply(state, damaged, draft.time_seconds, LANDER.address)
    assert draft.state is state
    assert isinstance(outcome, Applied | Rejected)
    again = apply(state, damaged, draft.time_seconds, LANDER.address)
    assert again == outcome


def test_applying_changes_a_copy(showcase: Showcase) -> None:
    state = showcase.world.state
    before = dict(state.accounts), dict(state.pots), dict(state.owed_micros), dict(state.inbox)
    outcome = apply(state, showcase.draft().submission(), showcase.world.now, LANDER.address)
    assert isinstance(outcome, Applied)
    assert (state.accounts, state.pots, state.owed_micros, state.inbox) == before
    assert outcome.state.account(ALICE.account()) != state.account(ALICE.account())
    assert len(outcome.outcomes) == 7
    assert outcome.fees_micros == sum(each.fee_micros for each in outcome.outcomes)
    by_account = {each.account: each for each in outcome.outcomes if each.fill_micros}
    bought, sold = by_account[ALICE.account()], by_account[BOB.account()]
    assert bought.pay_micros == -sold.pay_micros == 50 * 10**6
    assert (bought.filled_micros, sold.filled_micros) == (2 * 10**6, 10**6)
