"""Who signed: EIP-712 digests and signers by eth-account, quorums by their contracts' keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from eth_account.messages import encode_typed_data
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from offbeat.chain import Contract
from offbeat.core import ChainError
from offbeat.sim.audit.reader import keccak256

CURVE_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
PART_BYTES: Final = 65

_ENVELOPE: Final = "uint64 nonce,uint64 validUntil,uint64 maxFee"
_ACCOUNT: Final = "address owner,uint32 account"
_TYPES: Final = {
    "Instrument": "string underlying,string kind,uint64 expiry,uint128 strike",
    "Leg": "Instrument instrument,int16 ratio",
    "Order": f"{_ACCOUNT},Leg[] legs,uint64 quantity,uint64 minFill,int128 limit,uint64 nonce,"
    "uint64 validFrom,uint64 validUntil,uint128 spotMin,uint128 spotMax,uint64 maxFee,"
    "bool reduceOnly",
    "Cancel": f"{_ACCOUNT},{_ENVELOPE}",
    "Withdraw": f"{_ACCOUNT},address to,string asset,uint128 amount,{_ENVELOPE}",
    "Transfer": f"{_ACCOUNT},address toOwner,uint32 toAccount,uint128 amount,{_ENVELOPE}",
    "Delegate": f"{_ACCOUNT},address delegate,uint32 scope,uint64 expires,{_ENVELOPE}",
    "Batch": "bytes32 payload",
    "Report": "uint64 timestamp,bytes32 underlyings,bytes32 rows",
    "SettlementPrice": "string underlying,uint64 expiry,uint128 price",
}
_REFERRED: Final = {"Order": ("Instrument", "Leg")}


@dataclass(frozen=True, slots=True)
class Domain:
    """The EIP-712 domain ``Offbeat``, version ``1``, of one settlement contract."""

    chain_id: int
    settlement: bytes

    def digest(self, type_: str, message: Mapping[str, Any]) -> bytes:
        """The hash that a wallet signs; of an intent, the intent hash."""
        signable = encode_typed_data(
            domain_data={
                "name": "Offbeat",
                "version": "1",
                "chainId": self.chain_id,
                "verifyingContract": self.settlement,
            },
            message_types={
                name: [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields]
                for name in (*_REFERRED.get(type_, ()), type_)
                if (fields := _TYPES[name].split(","))
            },
            message_data=dict(message),
        )
        return keccak256(b"\x19" + signable.version + signable.header + signable.body)


def recover(digest: bytes, r: int, vs: int) -> bytes | None:
    """The signer's address; ``vs`` is EIP-2098's. None for a high s or no signer at all."""
    parity, s = vs >> 255, vs & (1 << 255) - 1
    if not 0 < r < CURVE_ORDER or not 0 < s <= CURVE_ORDER // 2:
        return None
    try:
        key = Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError):
        return None
    return key.to_canonical_address()


@dataclass(frozen=True, slots=True)
class Quorum:
    """``threshold`` of the ``signers`` that a CertifierEcdsa contract was made with."""

    signers: tuple[bytes, ...]
    threshold: int

    @classmethod
    def read(cls, certifier: Contract) -> "Quorum":
        """From the chain."""
        signers: list[bytes] = []
        try:
            while True:
                signers.append(certifier.read("signers", len(signers)))
        except ChainError:  # the list's end
            return cls(tuple(signers), certifier.read("threshold"))

    def signed(self, digest: bytes, certificate: bytes) -> bool:
        """Whether enough different signers signed, in the order of their indices.

        A certificate is a row of index (1 byte), r (32) and EIP-2098's vs (32).
        """
        if len(certificate) % PART_BYTES:
            return False
        starts = range(0, len(certificate), PART_BYTES)
        parts = [certificate[at : at + PART_BYTES] for at in starts]
        in_order = all(a[0] < b[0] for a, b in pairwise(parts))
        return (
            in_order
            and len(parts) >= self.threshold
            and all(
                part[0] < len(self.signers)
                and self.signers[part[0]]
                == recover(digest, int.from_bytes(part[1:33]), int.from_bytes(part[33:]))
                for part in parts
            )
        )
