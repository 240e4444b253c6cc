"""What an audit says: one line for each thing that must hold, and what broke it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MAX_FAULTS: Final = 20
"""Faults told in full for each check; the rest are counted."""

CHECKS: Final = {
    "batches_readable": "every batch stands, well formed, in the calldata of a call of its own",
    "batches_chained": "each batch follows the last by number, parent and time, and lands in time",
    "batches_certified": "a quorum signed every batch, unless it had left somebody waiting",
    "reports_attested": "a quorum of reporters signed every report; none is stale or older",
    "inbox_in_order": "deposits are credited once, in order; nothing due is passed over or undone",
    "rows_listed": "every row is an instrument on an underlying that the vault lists",
    "records_witnessed": "every record that a batch brings is the one that the auditor keeps",
    "records_bounded": "no record outgrows its bounds",
    "intents_signed": "the owner, or a key with a grant for it, signed all but liquidations",
    "intents_in_time": "nothing settles before or after the times signed, no leg past its expiry",
    "intents_well_formed": "legs, quantities, amounts and delegates are within the standard",
    "fills_within_quantity": "every fill is whole lots, at least minFill, at most what remains",
    "limits_respected": "no trader pays more, or receives less, than limit times fill",
    "fees_within_maximum": "no fee exceeds the fill's share of what was signed",
    "conditions_met": "market conditions hold at the report's spot; reduce-only orders reduce",
    "settled_once": "no nonce serves two intents, no intent goes beyond its quantity",
    "cancelled_stay_cancelled": "no order is filled after its cancellation",
    "fills_net_to_zero": "the fills of every batch net to zero in every instrument",
    "cash_nets_to_zero": "what traders pay, less what they receive, is what the lander earns",
    "accounts_healthy": "every touched account passes the test that its batch names",
    "liquidations_fair": "only who is below maintenance is liquidated: no further, no dearer",
    "grants_signed": "every delegation stems from its owner, and a live one only grows",
    "expiries_paid": "expired positions are exchanged at one attested price, from solvent pots",
    "payments_made": "withdrawals and fees become payable to the micro; nothing else is paid",
    "commitments_equal": "every commitment on chain is the hash of the auditor's record",
    "holdings_net_to_zero": "options sum to zero; cash and spot to what came in less what went out",
    "custody_covers": "the vault's tokens cover cash, spot, pots, claims and waiting deposits",
}
"""Every check by name, and what it means where it is ok."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold; ``examined`` counts how often it was put to the test.

    ``faults`` tells the first of ``failed`` failures.
    """

    name: str
    examined: int
    failed: int
    faults: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether it held every time."""
        return not self.failed

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "ok": self.ok,
            "meaning": CHECKS[self.name],
            "examined": self.examined,
            "failed": self.failed,
            "faults": list(self.faults),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """An audit's result, as of one block.

    ``intents`` counts distinct hashes that settled. ``debt_micros`` is what accounts with negative
    cash owe in all: an expiry may take more than they had. ``surplus_units`` is how far each
    token's balance exceeds what the vault owes, in its smallest units: what people sent unasked.
    """

    block_number: int
    block_hash: bytes
    batches: int
    accounts: int
    intents: int
    debt_micros: int
    surplus_units: Mapping[str, int]
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check held."""
        return all(check.ok for check in self.checks)

    def check(self, name: str) -> Check:
        """One check by name; raises ``KeyError``."""
        return {check.name: check for check in self.checks}[name]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "ok": self.ok,
            "block_number": self.block_number,
            "block_hash": f"0x{self.block_hash.hex()}",
            "batches": self.batches,
            "accounts": self.accounts,
            "intents": self.intents,
            "debt_micros": self.debt_micros,
            "surplus_units": dict(self.surplus_units),
            "checks": {check.name: check.to_json() for check in self.checks},
        }


@dataclass(slots=True)
class Findings:
    """Collects what an audit finds; ``where`` begins the story of every fault."""

    where: str = ""
    examined: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    faults: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def expect(self, check: str, holds: bool, fault: str) -> bool:
        """Count one examination, with its fault unless it ``holds``; returns ``holds``."""
        assert check in CHECKS, f"no check is called {check}"
        self.examined[check] += 1
        if not holds:
            self.failed[check] += 1
            if len(self.faults[check]) < MAX_FAULTS:
                self.faults[check].append(f"{self.where}: {fault}")
        return holds

    def checks(self) -> tuple[Check, ...]:
        """Every check, in the order of :data:`CHECKS`."""
        return tuple(
            Check(name, self.examined[name], self.failed[name], tuple(self.faults[name]))
            for name in CHECKS
        )
