"""Transactions as bytes, against eth-account's own reading of them."""

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from offbeat.chain import RawTransaction, Signer
from offbeat.core import InvalidInput

KEY = bytes([7]) * 32
WORDS = st.integers(0, 2**64 - 1)
TRANSACTIONS = st.builds(
    RawTransaction,
    chain_id=st.integers(1, 2**32),
    nonce=WORDS,
    tip_wei=st.just(3),
    max_fee_wei=st.integers(3, 2**64),
    gas_limit=WORDS,
    to=st.none() | st.binary(min_size=20, max_size=20),
    value_wei=WORDS,
    data=st.binary(max_size=100),
)


@given(TRANSACTIONS)
def test_what_was_signed_is_read_again(transaction: RawTransaction) -> None:
    signer = Signer(KEY)
    raw = signer.sign(transaction)
    assert RawTransaction.decode(raw) == transaction
    assert bytes.fromhex(Account.recover_transaction(raw)[2:]) == signer.address
    assert signer.sign(transaction) == raw


@given(st.binary(max_size=40) | st.binary(max_size=40).map(lambda rest: b"\x02" + rest))
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput) as refusal:
        RawTransaction.decode(raw)
    assert refusal.value.code == "transaction_malformed"
