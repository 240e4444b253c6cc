"""A report counts once enough reporters have signed the same."""

import pytest
from people import REPORTERS, STRANGER, Person
from small_market import NOW, report_at

from offbeat.core import InvalidInput
from offbeat.intents import Domain, report_digest, sign_digest
from offbeat.node.report_feed import Signed, newest
from offbeat.oracle import Report
from offbeat.rulebook import Quorum, Rules
from offbeat.wire import report_to_json

DOMAIN = Domain(1, b"\x01" * 20)
QUORUM = Quorum(tuple(each.address for each in REPORTERS), 2)
RULES = Rules(DOMAIN, QUORUM, QUORUM)
OLD, NEW = report_at(NOW), report_at(NOW + 60)


def digest_of(report: Report) -> bytes:
    stated = (report.timestamp_seconds, report.underlyings_hash, report.rows_root)
    return report_digest(*stated, DOMAIN)


def signed(report: Report, signer: int, person: Person | None = None) -> Signed:
    key = (person or REPORTERS[signer]).key
    return Signed(report, signer, sign_digest(digest_of(report), key))


def test_the_latest_report_that_a_quorum_signs_is_taken() -> None:
    answers = [signed(OLD, 2), signed(NEW, 0), signed(OLD, 1), signed(OLD, 0)]
    found = newest(answers, RULES)
    assert found is not None
    assert found.report == OLD
    assert QUORUM.verifies(digest_of(OLD), found.attestation)
    both = newest([*answers, signed(NEW, 1)], RULES)
    assert both is not None
    assert both.report == NEW


@pytest.mark.parametrize(
    "second",
    [
        signed(NEW, 0),
        signed(NEW, 1, STRANGER),
        signed(NEW, 1, REPORTERS[2]),
        signed(OLD, 1),
        Signed(NEW, 3, signed(NEW, 1).signature),
        Signed(NEW, -1, signed(NEW, 2).signature),
        Signed(NEW, 1, b"\x01" * 65),
    ],
)
def test_nobody_counts_twice_or_for_somebody_else(second: Signed) -> None:
    assert newest([signed(NEW, 0), second], RULES) is None


def test_an_answer_is_read_as_it_is_served() -> None:
    answer = signed(NEW, 1)
    served = {
        "report": report_to_json(NEW),
        "signer": 1,
        "signature": f"0x{answer.signature.hex()}",
    }
    assert Signed.from_json(served) == answer
    for name in served:
        with pytest.raises(InvalidInput):
            Signed.from_json({key: value for key, value in served.items() if key != name})
