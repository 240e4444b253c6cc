"""One sequencer alone."""

import pytest
from people import SEQUENCERS, STRANGER

from offbeat.core import InvalidInput
from offbeat.intents import Domain, batch_digest, keccak256
from offbeat.rulebook import Quorum, Rules
from offbeat.sequencing import Solo

DOMAIN = Domain(1, b"\x01" * 20)
SIGNERS = tuple(each.address for each in SEQUENCERS)
REPORTERS = Quorum(SIGNERS, 1)


def test_its_certificate_is_the_quorums() -> None:
    rules = Rules(DOMAIN, Quorum(SIGNERS, 1), REPORTERS)
    for person in SEQUENCERS:
        certificate = Solo(person.key, rules).certify(b"payload")
        digest = batch_digest(keccak256(b"payload"), DOMAIN)
        assert rules.sequencers.verifies(digest, certificate)
        assert not rules.sequencers.verifies(digest[::-1], certificate)
        assert Solo(person.key.secret, rules).certify(b"payload") == certificate


def test_a_stranger_is_no_sequencer() -> None:
    with pytest.raises(InvalidInput) as caught:
        Solo(STRANGER.key, Rules(DOMAIN, Quorum(SIGNERS, 1), REPORTERS))
    assert caught.value.code == "sequencer_unknown"


def test_two_signatures_take_two_sequencers() -> None:
    with pytest.raises(InvalidInput) as caught:
        Solo(SEQUENCERS[0].key, Rules(DOMAIN, Quorum(SIGNERS, 2), REPORTERS))
    assert caught.value.code == "sequencer_alone"
