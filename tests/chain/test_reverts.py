from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from offbeat.chain.reverts import ERROR_STRING, PANIC, revert_code


def test_a_reason_that_reads_like_a_code_is_the_code() -> None:
    data = ERROR_STRING + encode(["string"], ["nonce_spent"])
    assert revert_code(data) == ("nonce_spent", "reverted: nonce_spent")


def test_prose_is_a_message() -> None:
    data = ERROR_STRING + encode(["string"], ["Not today."])
    assert revert_code(data) == ("reverted", "reverted: Not today.")


def test_panics_and_other_data_are_named() -> None:
    assert revert_code(PANIC + (17).to_bytes(32, "big")) == ("panic", "panicked with code 0x11")
    assert revert_code(b"") == ("reverted", "reverted")
    assert revert_code(b"\x01\x02\x03\x04") == ("reverted", "reverted with data 0x01020304")


@given(st.binary(max_size=200))
def test_no_hostile_reason_breaks_the_reader(tail: bytes) -> None:
    for head in (b"", ERROR_STRING, PANIC):
        code, message = revert_code(head + tail)
        assert code
        assert message
