"""Encryption to an identity: Boneh and Franklin's FullIdent on BLS12-381, in drand's form.

Whoever holds the group's signature of an identity opens what was encrypted to it, and nobody else.
The hashes are those of drand's timelock scheme, so a message of 16 bytes encrypts as there; longer
ones extend the last mask by a counter. A ciphertext is U ‖ V ‖ W:

====  ===============================  ======
U     r · G2, with r from σ, message   96
V     σ ⊕ H2(e(r · Q, key))            16
W     message ⊕ H4(σ)                  as long as the message
====  ===============================  ======

Fujisaki and Okamoto's transform makes it secure against chosen ciphertexts: r follows from σ and
the whole message, so whoever opens it makes U again and refuses anything that was altered.
"""

import hashlib
from collections.abc import Callable
from typing import Final

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from offbeat.core import InvalidInput
from offbeat.threshold import G2_BYTES, ORDER, decode_g2, encode_g2, multiply_g2

SIGMA_BYTES: Final = 16
"""As strong as the curve itself."""
OVERHEAD_BYTES: Final = G2_BYTES + SIGMA_BYTES
"""A ciphertext's length beyond its message's."""


def encrypt(
    key: G2Point, message: bytes, sigma: bytes, point_of: Callable[[bytes], G1Point]
) -> bytes:
    """The ciphertext of ``message`` under ``key``; ``sigma`` is 16 random bytes, never used twice.

    ``point_of`` gives the hashed identity Q, which may depend on U.
    """
    assert len(sigma) == SIGMA_BYTES, "sigma has 16 bytes"
    r = _exponent(sigma, message)
    u = encode_g2(multiply_g2(r))
    v = _xor(sigma, _gt_mask(GT.pairing(point_of(u) * r, key)))
    return u + v + _xor(message, _sigma_mask(sigma, len(message)))


def decrypt(identity_key: G1Point, ciphertext: bytes) -> bytes:
    """The message, given the group's signature of the identity.

    Raises :class:`InvalidInput` with code ``ciphertext_invalid`` for what :func:`encrypt` never
    made for this identity.
    """
    if len(ciphertext) < OVERHEAD_BYTES:
        raise InvalidInput("ciphertext_invalid", "too short")
    u, v = ciphertext[:G2_BYTES], ciphertext[G2_BYTES:OVERHEAD_BYTES]
    try:
        sigma = _xor(v, _gt_mask(GT.pairing(identity_key, decode_g2(u))))
    except InvalidInput as error:
        raise InvalidInput("ciphertext_invalid", error.message) from error
    body = ciphertext[OVERHEAD_BYTES:]
    message = _xor(body, _sigma_mask(sigma, len(body)))
    if encode_g2(multiply_g2(_exponent(sigma, message))) != u:
        raise InvalidInput("ciphertext_invalid", "altered, or for another identity")
    return message


def _gt_mask(value: GT) -> bytes:
    """H2. The library prints an element of GT as hexadecimal of its bytes in reverse."""
    return hashlib.sha256(b"IBE-H2" + bytes.fromhex(str(value))[::-1]).digest()[:SIGMA_BYTES]


def _exponent(sigma: bytes, message: bytes) -> Scalar:
    """H3: hash until a number of 255 bits is below the order, on average twice."""
    seed = hashlib.sha256(b"IBE-H3" + sigma + message).digest()
    attempt = 0
    while True:
        attempt += 1
        digest = hashlib.sha256(attempt.to_bytes(2, "little") + seed).digest()
        value = int.from_bytes(bytes((digest[0] >> 1,)) + digest[1:])
        if value < ORDER:
            return Scalar(value)


def _sigma_mask(sigma: bytes, length: int) -> bytes:
    """H4, continued by a counter beyond its first 32 bytes."""
    seed = hashlib.sha256(b"IBE-H4" + sigma)
    blocks = [seed.digest()]
    for counter in range(1, -(-length // seed.digest_size)):
        block = seed.copy()
        block.update(counter.to_bytes(4))
        blocks.append(block.digest())
    return b"".join(blocks)[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(len(left))
