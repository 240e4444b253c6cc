"""Shared keys and private intents: what each step costs, for committees of 4, 7 and 16."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from py_arkworks_bls12381 import Scalar

from offbeat.intents import Domain, SignedIntent, keccak256
from offbeat.privacy import Envelope, Eon, seal, unseal
from offbeat.threshold import (
    CERTIFICATE_DST,
    KeySet,
    combine,
    combine_many,
    commit,
    decode_partial,
    derive_scalars,
    encode_g1,
    hash_to_g1,
    share_of,
    sign,
)

COMMITTEES: Final = (4, 7, 16)
IN_ONE_BLOCK: Final = 64
DIGEST: Final = keccak256(b"a batch")

Timer = Callable[[Callable[[], object]], float]
"""Seconds that one call takes."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step takes a committee, in milliseconds of one core."""

    what: str
    members: int
    milliseconds: float


def measure_sealed(signed: SignedIntent, domain: Domain, seconds: Timer) -> list[Step]:
    """Certifying, sealing and opening. Opening is of many intents at once, from bytes to intent."""
    return [step for n in COMMITTEES for step in _steps(n, signed, domain, seconds)]


def _steps(members: int, signed: SignedIntent, domain: Domain, seconds: Timer) -> list[Step]:
    threshold = 2 * ((members - 1) // 3) + 1
    secrets = derive_scalars(keccak256(b"committee"), b"bench", threshold)
    shares = [share_of(secrets, index) for index in range(threshold)]
    keys = KeySet(commit(secrets), members)
    eon = Eon(domain, 0, keys.group)
    point = hash_to_g1(DIGEST, CERTIFICATE_DST)
    partials = {index: sign(share, point) for index, share in enumerate(shares)}
    envelopes = _envelopes(signed, eon)
    received = [_released(shares, each, domain) for each in envelopes]
    work: dict[str, tuple[Callable[[], object], int]] = {
        "sign a partial": (lambda: sign(shares[0], hash_to_g1(DIGEST, CERTIFICATE_DST)), 1),
        "verify a partial": (lambda: keys.holds_partial(0, point, partials[0]), 1),
        "combine a certificate": (lambda: combine(keys, point, partials), 1),
        "seal an intent": (lambda: _envelopes(signed, eon), IN_ONE_BLOCK),
        "open an intent": (lambda: _open(keys, envelopes, received, domain), IN_ONE_BLOCK),
    }
    return [
        Step(what, members, seconds(call) / count * 1e3) for what, (call, count) in work.items()
    ]


def _envelopes(signed: SignedIntent, eon: Eon) -> list[Envelope]:
    chances = (keccak256(number.to_bytes(2)) for number in range(IN_ONE_BLOCK))
    return [seal(signed, eon, chance, max_fee_micros=0) for chance in chances]


def _released(shares: list[Scalar], envelope: Envelope, domain: Domain) -> dict[int, bytes]:
    point = envelope.identity(domain)
    return {index: encode_g1(sign(share, point)) for index, share in enumerate(shares)}


def _open(
    keys: KeySet, envelopes: list[Envelope], received: list[dict[int, bytes]], domain: Domain
) -> list[SignedIntent]:
    points = [envelope.identity(domain) for envelope in envelopes]
    partials = [{index: decode_partial(data) for index, data in each.items()} for each in received]
    opened = []
    for envelope, combined in zip(envelopes, combine_many(keys, points, partials), strict=True):
        assert combined.signature is not None
        opened.append(unseal(envelope, combined.signature))
    return opened
