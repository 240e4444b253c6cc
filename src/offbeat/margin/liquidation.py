"""When an account may be reduced without its owner, and at what cost.

Below maintenance margin anyone who builds a batch may enter orders for the account, and they only
ever reduce. What they may cost it, against the marks, grows with the depth of its trouble: nothing
at the maintenance line, a quarter of the risk that they take away once no equity is left. The depth
stands in the report, so no clock has to be started and no transaction has to start it. Twin of
``Health.check_liquidation``.
"""

from offbeat.core import Reason, limits
from offbeat.margin.scan import ScanResult

MAX_WEIGHT_PICOS = 1 << 112
"""Bound of the risks that the contract compares without overflow."""


def check_liquidation(
    before: ScanResult, after: ScanResult, covered_micros: int = 0
) -> Reason | None:
    """Why a liquidation from ``before`` to ``after`` is refused, None where it is fair.

    ``covered_micros`` is what the insurance fund gave the account in between.
    """
    if max(before.risk_picos, after.risk_picos) >= MAX_WEIGHT_PICOS:
        return Reason.LIQUIDATION_TERMS
    if before.passes(limits.MAINTENANCE_MARGIN_BPS):
        return Reason.ACCOUNT_HEALTHY
    closed_picos = before.risk_picos - after.risk_picos
    covered_picos = covered_micros * limits.QUANTITY_SCALE
    required = before.risk_picos * limits.MAINTENANCE_MARGIN_BPS
    shortfall = before.deficit(limits.MAINTENANCE_MARGIN_BPS)
    cost_picos = before.equity_picos + covered_picos - after.equity_picos
    affordable = closed_picos * min(shortfall, required) * limits.LIQUIDATION_COST_BPS
    is_fair = (
        (closed_picos > 0 or covered_picos > 0)
        # The fund makes an account whole that has nothing left, and no more.
        and (covered_picos == 0 or after.risk_picos == after.equity_picos == 0)
        # Partial first: no more is closed than it takes, at the marks and whatever the price was.
        and before.equity_picos * limits.BPS <= after.risk_picos * limits.LIQUIDATION_TARGET_BPS
        # Where nothing is required, nothing may be lost.
        and cost_picos * max(required, 1) * limits.BPS <= affordable
    )
    return None if is_fair else Reason.LIQUIDATION_TERMS
