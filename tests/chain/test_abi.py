import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.chain import Abi
from offbeat.core import ChainError, InvalidInput
from offbeat.core.ports import Log
from offbeat.intents import keccak256

PAIR = {
    "name": "pair",
    "type": "tuple[]",
    "components": [{"name": "who", "type": "address"}, {"name": "amount", "type": "int128"}],
}
WORD = {"name": "word", "type": "bytes5"}
ENTRIES = [
    {"type": "constructor", "inputs": [WORD]},
    {"type": "function", "name": "give", "inputs": [PAIR, WORD], "outputs": [PAIR]},
    {
        "type": "event",
        "name": "Given",
        "inputs": [WORD | {"indexed": True}, PAIR | {"indexed": False}],
    },
]
ABI = Abi(ENTRIES)
SIGNATURE = b"give((address,int128)[],bytes5)"
pairs = st.lists(
    st.tuples(st.binary(min_size=20, max_size=20), st.integers(-(2**127), 2**127 - 1)), max_size=4
).map(tuple)
words = st.binary(min_size=5, max_size=5)


@given(pairs, words)
def test_calls_decode_to_what_was_encoded(
    pairs: tuple[tuple[bytes, int], ...], word: bytes
) -> None:
    data = ABI.encode_call("give", pairs, word)
    assert data[:4] == keccak256(SIGNATURE)[:4]
    assert ABI.decode_call(data) == ("give", (pairs, word))
    assert ABI.decode_result("give", 2, ABI.encode_call("give", pairs, word)[4:]) is not None


def test_short_words_are_padded_on_the_right() -> None:
    assert ABI.encode_constructor(b"ETH") == b"ETH".ljust(32, b"\0")


@pytest.mark.parametrize(
    "args",
    [(), ((),), ((), b"123456"), (((b"short", 1),), b"ETH"), (((bytes(20), 2**127),), b"ETH")],
)
def test_arguments_that_do_not_fit_are_refused(args: tuple[object, ...]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        ABI.encode_call("give", *args)
    assert refusal.value.code == "abi_mismatch"


def test_foreign_calldata_is_refused() -> None:
    for data in (b"", b"\x01\x02\x03\x04"):
        with pytest.raises(ChainError) as refusal:
            ABI.decode_call(data)
        assert refusal.value.code == "calldata_unknown"


@given(st.binary(max_size=63))
def test_truncated_calldata_is_refused(tail: bytes) -> None:
    with pytest.raises(ChainError) as refusal:
        ABI.decode_call(keccak256(SIGNATURE)[:4] + tail)
    assert refusal.value.code == "abi_mismatch"


def test_logs_of_others_are_no_events() -> None:
    def log(*topics: bytes) -> Log:
        empty_list = (32).to_bytes(32, "big") + bytes(32)
        return Log(bytes(20), topics, empty_list, 1, bytes(32), 0)

    topic = keccak256(b"Given(bytes5,(address,int128)[])")
    event = ABI.decode_log(log(topic, b"ETH".ljust(32, b"\0")))
    assert event is not None
    assert event.values == {"word": b"ETH\0\0", "pair": ()}
    assert ABI.decode_log(log()) is None
    assert ABI.decode_log(log(bytes(32))) is None
