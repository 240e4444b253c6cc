"""The cast of a scenario: test identities, their nonces, and deposits that keep them healthy."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from offbeat.core import ceil_div, floor_div, limits
from offbeat.instruments import Kind, Leg, intrinsic_micros
from offbeat.intents import Intent, Order, Transfer, Withdraw, address_of, keccak256, make_nonce
from offbeat.margin import scan_test
from offbeat.oracle import Report
from offbeat.sim.scenario import Participant, Role, Round, Settlement, Submission

CASH_ASSET: Final = "USDC"
_DEPOSIT_STEP_MICROS: Final = 1_000 * limits.QUOTE_SCALE


def derive_test_key(seed: str, name: str) -> bytes:
    """A private key of 32 bytes that every reader of this line can derive: for tests only."""
    return keccak256(f"Offbeat test identity, worth nothing: {seed}/{name}".encode())


class Cast:
    """Who takes part. Makes orders with fresh nonces, and in the end everybody's deposits."""

    def __init__(self, seed: str, max_fee_micros: int) -> None:
        self._seed = seed
        self.max_fee_micros = max_fee_micros
        self._roles: dict[str, Role] = {}
        self._next_numbers: defaultdict[str, int] = defaultdict(int)

    def join(self, name: str, role: Role) -> str:
        """Let a participant in, once; returns the name."""
        self._roles.setdefault(name, role)
        return name

    def key(self, name: str) -> bytes:
        """The private key of a participant, or of a key that somebody delegates to (32 bytes)."""
        return derive_test_key(self._seed, name)

    def address(self, name: str) -> bytes:
        """The address that belongs to :meth:`key` (20 bytes)."""
        return address_of(self.key(name))

    def nonce(self, name: str) -> int:
        """The participant's next unused number in lane 0."""
        number = self._next_numbers[name]
        self._next_numbers[name] = number + 1
        return make_nonce(0, number)

    def window_end(self, name: str) -> int:
        """A nonce that, once spent, cancels every earlier one of the participant."""
        last = self._next_numbers[name] + limits.LANE_WINDOW - 1
        self._next_numbers[name] = last + 1
        return make_nonce(0, last)

    def envelope(self, name: str, valid_until_seconds: int) -> dict[str, Any]:
        """The fields that every intent of the participant's account 0 has, with a fresh nonce."""
        return {
            "owner": self.address(name),
            "account": 0,
            "nonce": self.nonce(name),
            "valid_until_seconds": valid_until_seconds,
            "max_fee_micros": self.max_fee_micros,
        }

    def order(
        self,
        name: str,
        legs: tuple[Leg, ...],
        quantity_micros: int,
        limit_micros: int,
        valid_until_seconds: int,
    ) -> Order:
        """An order that any part of a fill suits."""
        return Order(
            **self.envelope(name, valid_until_seconds),
            legs=legs,
            quantity_micros=quantity_micros,
            limit_micros=limit_micros,
        )

    def participants(self, rounds: Sequence[Round]) -> tuple[Participant, ...]:
        """Everybody who joined, with deposits that keep them healthy whatever is filled.

        Submissions that must be refused need no collateral; nobody deposits less than a step.
        """
        reports = list({id(each.report): each.report for each in rounds}.values())
        settlements = [settlement for each in rounds for settlement in each.settlements]
        cash_micros: defaultdict[str, int] = defaultdict(int)
        spot_micros: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for each in rounds:
            for submission in each.submissions:
                if submission.expected is None:
                    _add_needs(
                        submission,
                        reports,
                        settlements,
                        cash_micros,
                        spot_micros[submission.sender],
                    )
        return tuple(
            Participant(
                name=name,
                role=role,
                private_key=self.key(name),
                address=self.address(name),
                cash_micros=_in_steps(cash_micros[name]),
                spot_micros=tuple(sorted(spot_micros[name].items())),
            )
            for name, role in self._roles.items()
        )


def _in_steps(need_micros: int) -> int:
    return max(1, ceil_div(need_micros, _DEPOSIT_STEP_MICROS)) * _DEPOSIT_STEP_MICROS


def _add_needs(
    submission: Submission,
    reports: Sequence[Report],
    settlements: Sequence[Settlement],
    cash_micros: defaultdict[str, int],
    spot_micros: defaultdict[str, int],
) -> None:
    """Add what the sender must own for this intent alone, whatever else is filled."""
    intent: Intent = submission.intent
    cash_micros[submission.sender] += intent.max_fee_micros
    if isinstance(intent, Order):
        cash_micros[submission.sender] += order_need_micros(intent, reports, settlements)
        for leg in intent.legs:
            if leg.instrument.kind is Kind.SPOT and leg.ratio < 0:
                spot_micros[leg.instrument.underlying] -= leg.ratio * intent.quantity_micros
    elif isinstance(intent, Withdraw) and intent.asset != CASH_ASSET:
        spot_micros[intent.asset] += intent.amount_micros
    elif isinstance(intent, Withdraw | Transfer):
        cash_micros[submission.sender] += intent.amount_micros


def order_need_micros(
    order: Order, reports: Sequence[Report], settlements: Sequence[Settlement] = ()
) -> int:
    """Cash with which ``order`` can be paid and carried at initial margin under every report.

    Scan risk is subadditive and proportional to the fill, and a better price only helps. So an
    account that owns the sum over its orders passes the scan after any of them, in any part. Legs
    that have expired at a report's time have become cash by then.
    """
    paid_picos = order.limit_micros * order.quantity_micros
    prices = {(each.symbol, each.expiry_seconds): each.price_micros for each in settlements}
    needs = [ceil_div(paid_picos, limits.QUANTITY_SCALE), 0]
    for report in reports:
        cash_picos, holdings = -paid_picos, []
        for leg in order.legs:
            option, quantity_micros = leg.instrument, leg.ratio * order.quantity_micros
            price_micros = prices.get((option.underlying, option.expiry_seconds))
            if price_micros is None or option.expiry_seconds > report.timestamp_seconds:
                holdings.append((option, quantity_micros))
            else:
                cash_picos += quantity_micros * intrinsic_micros(option, price_micros)
        rows = {row.instrument_id: row for row in report.rows}
        scales = {underlying.symbol: underlying for underlying in report.underlyings}
        cash_micros = floor_div(cash_picos, limits.QUANTITY_SCALE)
        deficit = scan_test(holdings, cash_micros, rows, scales).deficit(limits.INITIAL_MARGIN_BPS)
        needs.append(ceil_div(deficit, limits.QUANTITY_SCALE * limits.BPS))
    return max(needs)
