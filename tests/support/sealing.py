"""A committee of four with a decryption key, and Alice's intents, sealed for it."""

from people import ALICE, Person
from py_arkworks_bls12381 import G1Point

from offbeat.instruments import Instrument, Leg
from offbeat.intents import Domain, Order, SignedIntent, keccak256, sign, sign_digest
from offbeat.privacy import Envelope, Eon, SignedEnvelope, seal
from offbeat.threshold import KeySet, combine, commit, derive_scalars, share_of
from offbeat.threshold import sign as sign_share

DOMAIN = Domain(31_337, b"\x0b" * 20)
MEMBERS, FAULTY, THRESHOLD = 4, 1, 3
POLYNOMIAL = derive_scalars(b"the committee's decryption secret", b"test", THRESHOLD)
SHARES = [share_of(POLYNOMIAL, index) for index in range(MEMBERS)]
KEYS = KeySet(commit(POLYNOMIAL), MEMBERS)
EON = Eon(DOMAIN, 3, KEYS.group)
NOW = 1_000_000
CHANCE = keccak256(b"chance")


def order_of(person: Person, *names: str, contracts: int = 1, lots: int = 0) -> SignedIntent:
    order = Order(
        owner=person.address,
        account=2,
        legs=tuple(Leg(Instrument.parse(name), 1) for name in names),
        quantity_micros=contracts * 10**6 + lots * 1_000,
        limit_micros=5 * 10**6,
        nonce=1,
        valid_until_seconds=NOW + 60,
        max_fee_micros=10**6,
    )
    return sign(order, person.key, DOMAIN)


SINGLE = order_of(ALICE, "ETH-25DEC26-4000-C", contracts=0, lots=1)
CONDOR = order_of(
    ALICE,
    "ETH-25DEC26-3000-P",
    "ETH-25DEC26-3500-P",
    "ETH-25DEC26-4000-C",
    "ETH-25DEC26-4500-C",
    contracts=1_000,
)


def admitted(envelope: Envelope, person: Person = ALICE) -> SignedEnvelope:
    return SignedEnvelope(envelope, sign_digest(envelope.digest(DOMAIN), person.key))


def sealed(signed: SignedIntent = SINGLE, chance: bytes = CHANCE) -> Envelope:
    return seal(signed, EON, chance, max_fee_micros=10**5)


def identity_key(envelope: Envelope) -> G1Point:
    """By three of the four."""
    point = envelope.identity(DOMAIN)
    partials = {index: sign_share(SHARES[index], point) for index in (0, 2, 3)}
    signature = combine(KEYS, point, partials).signature
    assert signature is not None
    return signature
