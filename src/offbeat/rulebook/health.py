"""Rule 8: each touched account ends healthy, or strictly less risky than it began."""

from collections.abc import Mapping

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument, Kind
from offbeat.margin import ScanResult, scan_test, static_test
from offbeat.rulebook.layout import Mode
from offbeat.rulebook.refusal import require
from offbeat.rulebook.work import Work

Standing = tuple[int, Mapping[int, int]]
"""Cash in micros, and quantities by row."""


def require_health(work: Work, mode: int, before: Standing, after: Standing) -> None:
    """Refuse as ``UNHEALTHY`` unless the account passes the test that the batch names for it.

    The scan needs a report: ``REPORT_MISSING`` without one.
    """
    match mode:
        case Mode.STATIC:
            require(static_test(_holdings(work, after), after[0]).passes, Reason.UNHEALTHY)
        case Mode.HOLD:
            require(_gave_nothing_away(work, before, after), Reason.UNHEALTHY)
        case _:
            require(work.has_report, Reason.REPORT_MISSING)
            scan = _scan(work, after)
            if mode == Mode.SCAN:
                require(scan.passes(limits.INITIAL_MARGIN_BPS), Reason.UNHEALTHY)
            else:
                require(scan.is_less_risky_than(_scan(work, before)), Reason.UNHEALTHY)


def _scan(work: Work, standing: Standing) -> ScanResult:
    rows = {work.rows[row].instrument.id: work.rows[row] for row in standing[1]}
    return scan_test(_holdings(work, standing), standing[0], rows, work.quotes)


def _holdings(work: Work, standing: Standing) -> list[tuple[Instrument, int]]:
    return [
        (work.rows[row].instrument, quantity) for row, quantity in standing[1].items() if quantity
    ]


def _gave_nothing_away(work: Work, before: Standing, after: Standing) -> bool:
    if after[0] < before[0]:
        return False
    return all(
        quantity == before[1][row]
        or (work.rows[row].instrument.kind is Kind.SPOT and quantity > before[1][row])
        for row, quantity in after[1].items()
    )
