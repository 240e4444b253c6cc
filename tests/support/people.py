"""Names with keys: everybody who signs something in a test."""

import functools
from dataclasses import dataclass

import sha3
from coincurve import PrivateKey

from offbeat.intents import address_of
from offbeat.rulebook import account_id


@dataclass(frozen=True, slots=True)
class Person:
    """A key that anybody can derive from its name."""

    name: str
    key: PrivateKey
    address: bytes

    def account(self, index: int = 0) -> int:
        """The id of one of the person's accounts."""
        return account_id(self.address, index)


@functools.cache
def person(name: str) -> Person:
    """The same person every time."""
    key = PrivateKey(sha3.keccak_256(f"a test's {name}".encode()).digest())
    return Person(name, key, address_of(key))


ALICE, BOB, CAROL, DAVE, ERIN = map(person, ("alice", "bob", "carol", "dave", "erin"))
TRADERS = (ALICE, BOB, CAROL, DAVE, ERIN)
DESK, ROBOT = map(person, ("desk", "robot"))
"""Keys that traders delegate to."""
STRANGER = person("stranger")
SEQUENCERS = tuple(person(f"sequencer {number}") for number in range(3))
REPORTERS = tuple(person(f"reporter {number}") for number in range(3))
OPERATOR, LANDER = map(person, ("operator", "lander"))
PEOPLE = {each.address: each for each in (*TRADERS, DESK, ROBOT, STRANGER)}
