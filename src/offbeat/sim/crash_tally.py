"""What a crash did to everybody: who was reduced, what it cost, who paid, and whether it adds up.

Everything is exact: picos are 1e-12 of the quote currency, micros of a quantity times micros of a
mark. An account's equity is its cash and its positions at their marks.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from offbeat.core import limits
from offbeat.instruments import Instrument
from offbeat.margin import ScanResult, scan_test
from offbeat.oracle import Report
from offbeat.relay import unsafe_accounts
from offbeat.rulebook import Account, State, account_id
from offbeat.sim.audit import Verdict, audit
from offbeat.sim.crash_market import SAMPLE_SECONDS, Crash
from offbeat.sim.engine import Run
from offbeat.sim.ledger import Missed
from offbeat.sim.scenario import Participant, Role
from offbeat.sim.venue import Landed

PICOS = limits.QUANTITY_SCALE
"""In one micro."""


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One account in one batch, at the marks of that batch.

    ``equity_bps`` is what it owned before, in terms of its risk; ``closed_bps`` the share of that
    risk which was taken away. ``cost_micros`` is what it lost against the marks, fees included,
    and ``covered_micros`` what the insurance fund gave.
    """

    batch: int
    time_seconds: int
    account: str
    equity_bps: int
    closed_bps: int
    cost_micros: int
    covered_micros: int


@dataclass(frozen=True, slots=True)
class Fortune:
    """What the hour made of one participant; ``held_micros`` are contracts at its end."""

    name: str
    role: Role
    start_micros: int
    end_micros: int
    held_micros: int


@dataclass(frozen=True, slots=True)
class CrashTally:
    """One crash at one interval between batches; ``ok`` if it adds up and the audit is clean.

    ``unsafe_seconds`` adds up, over all accounts, the time below maintenance margin, and
    ``least_equity_bps`` is the least that any had then, in terms of its risk. ``debt_micros`` is
    what accounts have less than nothing at the end, all together. ``unaccounted_picos`` is by how
    much everybody's equity and the fees differ from what was deposited.
    """

    batch_seconds: int
    lag_seconds: int
    ok: bool
    batches: int
    missed: tuple[Missed, ...]
    conditions_refused: int
    liquidations: tuple[Liquidation, ...]
    fortunes: tuple[Fortune, ...]
    unsafe_seconds: int
    least_equity_bps: int | None
    cost_micros: int
    fund_paid_micros: int
    debt_micros: int
    fees_micros: int
    unaccounted_picos: int
    audit: Verdict

    def to_json(self) -> dict[str, Any]:
        """Its fields as a JSON object."""
        return asdict(self) | {"audit": self.audit.to_json()}


def tally_crash(crash: Crash, run: Run) -> CrashTally:
    """Let the auditor judge a finished run of a crash, and sum it up.

    Raises ``OffbeatError`` where the chain cannot be read.
    """
    verdict = audit(run.venue.chain, run.venue.deployment)
    ledger, participants = run.ledger, run.scenario.participants
    names = {_account(each): each.name for each in participants}
    reports = {each.report.timestamp_seconds: each.report for each in run.scenario.rounds}
    liquidations = tuple(
        _liquidation(record.landed, account, names[account], reports)
        for record in ledger.batches
        for account in sorted(record.landed.built.liquidated)
    )
    ends = {
        each.name: _weigh(run.venue.state.account(_account(each)), crash.samples[-1])
        for each in participants
    }
    fees_micros = sum(record.landed.fees_micros for record in ledger.batches)
    deposited_micros = sum(each.cash_micros for each in participants)
    owned_picos = sum(end.equity_picos for end in ends.values())
    unaccounted_picos = owned_picos + (fees_micros - deposited_micros) * PICOS
    unsafe_seconds, least_equity_bps = _trouble(crash, run)
    return CrashTally(
        batch_seconds=crash.batch_seconds,
        lag_seconds=crash.lag_seconds,
        ok=verdict.ok and not ledger.unexpected and unaccounted_picos == 0,
        batches=len(ledger.batches),
        missed=tuple(ledger.missed),
        conditions_refused=sum(each.refusal is not None for each in ledger.journeys.values()),
        liquidations=liquidations,
        fortunes=tuple(_fortune(run, each, ends[each.name]) for each in participants),
        unsafe_seconds=unsafe_seconds,
        least_equity_bps=least_equity_bps,
        cost_micros=sum(each.cost_micros for each in liquidations),
        fund_paid_micros=sum(each.covered_micros for each in liquidations),
        debt_micros=-sum(min(0, end.equity_picos) for end in ends.values()) // PICOS,
        fees_micros=fees_micros,
        unaccounted_picos=unaccounted_picos,
        audit=verdict,
    )


def _liquidation(
    landed: Landed, account: int, name: str, reports: Mapping[int, Report]
) -> Liquidation:
    report = reports[landed.built.batch.report_time_seconds]
    before = _weigh(landed.before.account(account), report)
    after = _weigh(landed.after.account(account), report)
    # The fund gives what is missing, so that nothing is left: else it gave nothing.
    is_clear = not landed.after.account(account).positions and after.equity_picos == 0
    given_micros = _fund_cash(landed.before) - _fund_cash(landed.after) if is_clear else 0
    return Liquidation(
        batch=landed.built.batch.number,
        time_seconds=landed.time_seconds,
        account=name,
        equity_bps=before.equity_picos * limits.BPS // max(1, before.risk_picos),
        closed_bps=limits.BPS - after.risk_picos * limits.BPS // max(1, before.risk_picos),
        cost_micros=(before.equity_picos - after.equity_picos) // PICOS + given_micros,
        covered_micros=given_micros,
    )


def _trouble(crash: Crash, run: Run) -> tuple[int, int | None]:
    """How long accounts were below maintenance margin, and how deep the deepest was."""
    states = [(record.landed.time_seconds, record.landed.after) for record in run.ledger.batches]
    begins = [time_seconds for time_seconds, _ in states]
    n_unsafe, depths = 0, []
    for report in crash.samples:
        place = bisect_right(begins, report.timestamp_seconds)
        if place:
            state = states[place - 1][1]
            unsafe = unsafe_accounts(state, report)
            n_unsafe += len(unsafe)
            scans = [_weigh(state.account(each), report) for each in unsafe]
            depths += [s.equity_picos * limits.BPS // max(1, s.risk_picos) for s in scans]
    return n_unsafe * SAMPLE_SECONDS, min(depths, default=None)


def _fortune(run: Run, participant: Participant, end: ScanResult) -> Fortune:
    positions = run.venue.state.account(_account(participant)).positions
    return Fortune(
        name=participant.name,
        role=participant.role,
        start_micros=participant.cash_micros,
        end_micros=end.equity_picos // PICOS,
        held_micros=sum(each.quantity_micros for each in positions),
    )


def _weigh(record: Account, report: Report) -> ScanResult:
    held = [(Instrument.from_id(p.instrument_id), p.quantity_micros) for p in record.positions]
    rows = {row.instrument_id: row for row in report.rows}
    scales = {each.symbol: each for each in report.underlyings}
    return scan_test(held, record.cash_micros, rows, scales)


def _account(participant: Participant) -> int:
    return account_id(participant.address, 0)


def _fund_cash(state: State) -> int:
    return state.account(account_id(limits.INSURANCE_OWNER.to_bytes(20), 0)).cash_micros
