"""Private intents: each sealed to an identity of its own, opened once its order is final."""

from offbeat.privacy.envelope import (
    CIPHERTEXT_BYTES,
    ENVELOPE_BYTES,
    ENVELOPE_TYPE,
    Envelope,
    Eon,
    SignedEnvelope,
    check_admission,
    identity_point,
)
from offbeat.privacy.ibe import OVERHEAD_BYTES, SIGMA_BYTES, decrypt, encrypt
from offbeat.privacy.packing import PADDED_BYTES, pack, unpack
from offbeat.privacy.sealing import seal, unseal

__all__ = [
    "CIPHERTEXT_BYTES",
    "ENVELOPE_BYTES",
    "ENVELOPE_TYPE",
    "OVERHEAD_BYTES",
    "PADDED_BYTES",
    "SIGMA_BYTES",
    "Envelope",
    "Eon",
    "SignedEnvelope",
    "check_admission",
    "decrypt",
    "encrypt",
    "identity_point",
    "pack",
    "seal",
    "unpack",
    "unseal",
]
