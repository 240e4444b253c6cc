"""Into the envelope and out of it again."""

import hashlib

from py_arkworks_bls12381 import G1Point

from offbeat.core import InvalidInput
from offbeat.intents import SignedIntent
from offbeat.privacy.envelope import Envelope, Eon, identity_point
from offbeat.privacy.ibe import SIGMA_BYTES, decrypt, encrypt
from offbeat.privacy.packing import pack, unpack


def seal(
    signed: SignedIntent,
    eon: Eon,
    randomness: bytes,
    *,
    max_fee_micros: int,
    valid_until_seconds: int | None = None,
) -> Envelope:
    """The envelope of a signed intent, for its owner or a delegate to sign.

    It is valid as long as the intent unless it says otherwise: a round number tells less.
    ``randomness`` is at least 16 fresh random bytes. The intent and the eon are hashed in too, so
    two envelopes differ even where a broken generator repeats itself. Raises :class:`InvalidInput`
    with code ``randomness_short``.
    """
    if len(randomness) < SIGMA_BYTES:
        raise InvalidInput("randomness_short", f"at least {SIGMA_BYTES} random bytes")
    intent, message = signed.intent, pack(signed)
    secret = b"offbeat sigma" + len(randomness).to_bytes(2) + randomness + message
    sigma = hashlib.sha256(secret + eon.number.to_bytes(4)).digest()[:SIGMA_BYTES]
    return Envelope(
        sender=intent.owner,
        account=intent.account,
        eon=eon.number,
        valid_until_seconds=(
            intent.valid_until_seconds if valid_until_seconds is None else valid_until_seconds
        ),
        max_fee_micros=max_fee_micros,
        ciphertext=encrypt(
            eon.key,
            message,
            sigma,
            lambda commitment: identity_point(eon.domain, eon.number, intent.owner, commitment),
        ),
    )


def unseal(envelope: Envelope, identity_key: G1Point) -> SignedIntent:
    """The intent inside, its signature not yet verified, given the signature of its identity.

    Raises :class:`InvalidInput` with code ``ciphertext_invalid``, ``packing_invalid`` or
    ``sender_wrong``: with a verified key each of them is the sender's doing and no one else's.
    """
    signed = unpack(decrypt(identity_key, envelope.ciphertext))
    if (signed.intent.owner, signed.intent.account) != (envelope.sender, envelope.account):
        raise InvalidInput("sender_wrong", "the intent inside is another account's")
    return signed
