"""The terms of a liquidation, against their definition in fractions."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.core import Reason, limits
from offbeat.margin import ScanResult, UnderlyingRisk, check_liquidation

MICRO = 10**6
RISKS = st.integers(0, 10**12)
EQUITIES = st.integers(-(10**12), 10**12)


def scan(risk_picos: int, equity_picos: int) -> ScanResult:
    losses = (risk_picos,) * limits.SCENARIOS
    return ScanResult(equity_picos, (UnderlyingRisk("ETH", losses, 0),))


BEFORE = scan(1_000 * MICRO, 500 * MICRO)
"""Half of what it needs: an eighth of the risk that is taken away may be lost."""


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(0, None), (25 * MICRO, None), (25 * MICRO + 1, Reason.LIQUIDATION_TERMS)],
)
def test_cost_to_the_last_unit(cost: int, expected: Reason | None) -> None:
    after = scan(800 * MICRO, 500 * MICRO - cost)
    assert check_liquidation(BEFORE, after) == expected


def test_at_the_line_and_below_it() -> None:
    on_it, below = scan(MICRO, MICRO), scan(MICRO, MICRO - 1)
    assert check_liquidation(on_it, scan(MICRO - 8, MICRO)) == Reason.ACCOUNT_HEALTHY
    assert check_liquidation(below, scan(MICRO - 8, MICRO - 1)) is None


def test_debt_alone_is_covered_and_nothing_else_is_lost() -> None:
    """With no risk at all nothing may be lost, whatever the fund would pay."""
    debt, clear = scan(0, -5 * MICRO), scan(0, 0)
    assert check_liquidation(debt, clear, 5) is None
    assert check_liquidation(debt, clear, 6) == Reason.LIQUIDATION_TERMS
    assert check_liquidation(debt, debt) == Reason.LIQUIDATION_TERMS


def test_absurd_risks_are_left_alone() -> None:
    most = (1 << 112) - 1
    assert check_liquidation(scan(most, 0), scan(most - 8, 0)) is None
    assert check_liquidation(scan(most + 1, 0), scan(most, 0)) == Reason.LIQUIDATION_TERMS


@given(RISKS, EQUITIES, RISKS, EQUITIES, st.integers(0, 10**6))
def test_the_definition(
    risk: int, equity: int, risk_after: int, equity_after: int, covered_micros: int
) -> None:
    before, after = scan(risk, equity), scan(risk_after, equity_after)
    reason = check_liquidation(before, after, covered_micros)
    if equity >= risk:
        assert reason is Reason.ACCOUNT_HEALTHY
        return
    depth = min(Fraction(1), 1 - Fraction(equity, risk)) if risk else Fraction(0)
    cost = equity + covered_micros * MICRO - equity_after
    is_fair = (
        (risk_after < risk or covered_micros > 0)
        and (covered_micros == 0 or (risk_after, equity_after) == (0, 0))
        and equity * 2 <= risk_after * 3
        and cost * 4 <= (risk - risk_after) * depth
    )
    assert (reason is None) == is_fair


@given(st.integers(1, 10**9), st.integers(1, 99), st.integers(1, 99))
def test_what_is_not_bankrupt_keeps_its_share(risk: int, percent: int, closed: int) -> None:
    """From a fifth of its requirement upwards no fair liquidation worsens equity over risk."""
    before = scan(risk * 10_000, risk * 100 * percent)
    after = scan(risk * 100 * (100 - closed), before.equity_picos)
    depth = 100 - percent
    worst = replace(after, equity_picos=before.equity_picos - risk * closed * depth // 4)
    if check_liquidation(before, worst) is None and percent >= 20:
        assert worst.equity_picos * before.risk_picos >= before.equity_picos * worst.risk_picos
