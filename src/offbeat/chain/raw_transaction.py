"""EIP-1559 transactions as bytes: signed with a local key, and read again."""

from dataclasses import dataclass
from typing import Final, Self

import rlp
from eth_account import Account
from rlp.exceptions import RLPException

from offbeat.core import InvalidInput

_TYPE: Final = 2
_FIELDS: Final = 12


@dataclass(frozen=True, slots=True)
class RawTransaction:
    """What a signer agrees to; ``to`` of ``None`` creates a contract."""

    chain_id: int
    nonce: int
    tip_wei: int
    max_fee_wei: int
    gas_limit: int
    to: bytes | None
    value_wei: int
    data: bytes

    @classmethod
    def decode(cls, raw: bytes) -> Self:
        """From the bytes that are sent; raises ``InvalidInput("transaction_malformed")``."""
        try:
            fields = rlp.decode(raw[1:], strict=True)
            if raw[0] != _TYPE or len(fields) != _FIELDS:
                raise ValueError("not an EIP-1559 transaction")
            chain_id, nonce, tip, max_fee, gas = (int.from_bytes(each) for each in fields[:5])
            to, value, data = fields[5:8]
            return cls(
                chain_id, nonce, tip, max_fee, gas, to or None, int.from_bytes(value), bytes(data)
            )
        except (RLPException, ValueError, TypeError, IndexError) as error:
            raise InvalidInput("transaction_malformed", str(error)) from error


class Signer:
    """A local key (32 bytes) that signs transactions and never shows itself."""

    def __init__(self, key: bytes) -> None:
        self._account = Account.from_key(key)
        self.address = bytes.fromhex(self._account.address[2:])

    def sign(self, transaction: RawTransaction) -> bytes:
        """The bytes to send, the same ones each time; their keccak256 is the hash."""
        signed = self._account.sign_transaction(
            {
                "type": _TYPE,
                "chainId": transaction.chain_id,
                "nonce": transaction.nonce,
                "gas": transaction.gas_limit,
                "maxFeePerGas": transaction.max_fee_wei,
                "maxPriorityFeePerGas": transaction.tip_wei,
                "to": transaction.to or b"",
                "value": transaction.value_wei,
                "data": transaction.data,
            }
        )
        return bytes(signed.raw_transaction)
