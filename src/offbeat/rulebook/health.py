"""Rule 8: each touched account ends healthy, or strictly less risky than it began."""

from collections.abc import Mapping

from offbeat.core import Reason, limits
from offbeat.instruments import Instrument
from offbeat.margin import ScanResult, check_liquidation, scan_test, static_test
from offbeat.rulebook.desk import Desk
from offbeat.rulebook.layout import Mode
from offbeat.rulebook.refusal import require, require_none
from offbeat.rulebook.work import Work

Standing = tuple[int, Mapping[int, int]]
"""Cash in micros, and quantities by row."""


def require_health(work: Work, desk: Desk, mode: int) -> None:
    """Refuse as ``UNHEALTHY`` unless the account passes the test that the batch names for it.

    The scan needs a report: ``REPORT_MISSING`` without one.
    """
    before = desk.cash_before_micros, desk.before
    after = desk.cash_micros, desk.after
    match mode:
        case Mode.STATIC:
            require(static_test(_holdings(work, after), after[0]).passes, Reason.UNHEALTHY)
        case Mode.HOLD:
            require(not desk.gave_away and after[0] >= before[0], Reason.UNHEALTHY)
        case _:
            require(work.has_report, Reason.REPORT_MISSING)
            scan = _scan(work, after)
            if mode == Mode.SCAN:
                require(scan.passes(limits.INITIAL_MARGIN_BPS), Reason.UNHEALTHY)
            elif mode == Mode.REDUCE:
                require(scan.is_less_risky_than(_scan(work, before)), Reason.UNHEALTHY)
            else:
                require_none(check_liquidation(_scan(work, before), scan, desk.covered_micros))


def require_static_failure(work: Work, desk: Desk) -> None:
    """Refuse to liquidate, as ``ACCOUNT_HEALTHY``, who survives expiry at every price."""
    static = static_test(_holdings(work, (0, desk.before)), desk.cash_before_micros)
    require(not static.passes, Reason.ACCOUNT_HEALTHY)


def _scan(work: Work, standing: Standing) -> ScanResult:
    rows = {work.rows[row].instrument.id: work.rows[row] for row in standing[1]}
    return scan_test(_holdings(work, standing), standing[0], rows, work.quotes)


def _holdings(work: Work, standing: Standing) -> list[tuple[Instrument, int]]:
    return [
        (work.rows[row].instrument, quantity) for row, quantity in standing[1].items() if quantity
    ]
