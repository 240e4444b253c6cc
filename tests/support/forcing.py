"""Forced requests on both sides: every act is a transaction and a step of the rulebook."""

from dataclasses import replace

from coincurve import PrivateKey
from drafting import Draft
from market import MICROS, report
from people import CAROL, DAVE, PEOPLE, STRANGER, Person
from showcase import Showcase
from world import World

from offbeat.chain import Contract, read_acts
from offbeat.chain.forced_queue import clear_args, fee_wei, force_args
from offbeat.core import InvalidInput, Reason, limits
from offbeat.core.ports import MAX_TRANSACTION_GAS, Receipt
from offbeat.instruments import Instrument, Kind
from offbeat.intents import Intent, SignedIntent, Transfer, Withdraw, sign
from offbeat.oracle import Report, Row
from offbeat.rulebook import (
    Mode,
    State,
    check_force,
    clear_forced,
    clearance,
    force,
    pass_over_forced,
)
from offbeat.wire import Forced, ForcedCleared, ForcedPassedOver


class Queue:
    """The queue of a world; the two sides must agree in all that happens there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.contract: Contract = world.deployment.contract(world.chain, "forced")

    def signed(self, intent: Intent, key: PrivateKey | None = None) -> SignedIntent:
        """With its owner's signature, or another key's."""
        return sign(intent, key or PEOPLE[intent.owner].key, self.world.domain)

    def force(
        self, intent: Intent, key: PrivateKey | None = None, *, spare_wei: int = 0
    ) -> Reason | None:
        """Queue an intent, and pay so much more than it costs; the reason of a refusal."""
        signed, fee = self.signed(intent, key), fee_wei(self.contract)
        number = self.contract.read("items_count") + 1
        expected = check_force(self.world.state, signed, self.world.now, number=number, fee_wei=fee)
        receipt = self.transact("force", *force_args(signed), value_wei=fee + spare_wei)
        if isinstance(expected, Reason):
            assert receipt.reverted == expected
            return expected
        assert receipt.reverted is None
        act = self._act(receipt)
        assert isinstance(act, Forced)
        assert act.item == expected
        self._follow(force(self.world.state, act.item))
        return None

    def clear(self, report: Report | None = None, person: Person = STRANGER) -> Reason | str | None:
        """Clear the first request; the reason of a refusal, in words of the contract."""
        state = self.world.state
        try:
            expected: Reason | str | None = clearance(state, self.world.now, report)
        except InvalidInput as error:
            expected = {"row_missing": "entry_missing"}[error.code]
        attestation = self.world.attest(report) if report else b""
        receipt = self.transact("clear", *clear_args(state, report, attestation), person=person)
        assert receipt.reverted == expected, f"Python says {expected}, the EVM {receipt.reverted}"
        if expected is None:
            act = self._act(receipt)
            assert isinstance(act, ForcedCleared)
            assert act.number == state.forced[0].number
            self._follow(clear_forced(state))
        return expected

    def pass_over(self) -> str | None:
        """Put the first request behind the others; the reason of a refusal."""
        receipt = self.transact("pass_over")
        if receipt.reverted is None:
            act = self._act(receipt)
            assert isinstance(act, ForcedPassedOver)
            assert act.number == self.world.state.forced[0].number
            self._follow(pass_over_forced(self.world.state))
        return receipt.reverted

    def transact(
        self, name: str, *args: object, value_wei: int = 0, person: Person = STRANGER
    ) -> Receipt:
        """A transaction at the world's time, reverted or not."""
        self.world.chain.set_time(self.world.now)
        return self.world.sender(person).transact(
            self.contract.address,
            self.contract.abi.encode_call(name, *args),
            value_wei=value_wei,
            gas_limit=MAX_TRANSACTION_GAS,
        )

    def _act(self, receipt: Receipt) -> object:
        number = receipt.block_number
        (act,) = read_acts(self.world.chain, self.world.deployment, number, number)
        return act

    def _follow(self, state: State) -> None:
        self.world.state = state
        first = state.forced[0] if state.forced else None
        vault = self.world.vault
        assert vault.read("forced_digest") == (first.digest if first else bytes(32))
        assert vault.read("forced_since") == (first.enqueued_at_seconds if first else 0)


def withdrawal(showcase: Showcase, number: int = 60, **changes: object) -> Withdraw:
    """Carol takes out one of her cash."""
    terms = {"to": CAROL.address, "asset": "USDC", "amount_micros": MICROS}
    return Withdraw(**(showcase.envelope(CAROL, number) | terms | changes))  # type: ignore[arg-type]


def transfer(showcase: Showcase, **changes: object) -> Transfer:
    """Carol pays one of her cash to an account of Dave's that never was touched."""
    terms = {"to_owner": DAVE.address, "to_account": 3, "amount_micros": MICROS}
    return Transfer(**(showcase.envelope(CAROL, 61) | terms | changes))  # type: ignore[arg-type]


def idle(showcase: Showcase) -> Draft:
    """A batch that takes the inbox and does nothing else."""
    draft = showcase.empty(with_report=False)
    draft.credit_all()
    return draft


def doing(showcase: Showcase, signed: SignedIntent) -> Draft:
    """The same with an intent of Carol's in it."""
    draft = idle(showcase)
    draft.act(signed.intent)
    draft.claim_transfers()
    for part in draft.parts:
        part.mode = Mode.HOLD
    draft.part(CAROL.account()).mode = Mode.STATIC
    return draft


def taking(
    showcase: Showcase, person: Person, asset: str, micros: int, number: int = 60
) -> Withdraw:
    """A withdrawal that does not lapse before a day is over."""
    envelope = showcase.envelope(person, number) | {
        "valid_until_seconds": showcase.world.now + 2 * limits.FORCED_LIFE_SECONDS
    }
    terms = {"to": STRANGER.address, "asset": asset, "amount_micros": micros}
    return Withdraw(**(envelope | terms))  # type: ignore[arg-type]


def steady_report(showcase: Showcase, loss: int = 0) -> Report:
    """A report of this moment in which nothing moves, but who is short of ETH's options loses."""
    stated = report(["BTC", "ETH"], showcase.start_seconds, showcase.world.now)
    rows = tuple(replace(row, risk=(-loss * _is_option(row),) * 16) for row in stated.rows)
    return replace(stated, rows=rows)


def _is_option(row: Row) -> bool:
    instrument = Instrument.from_id(row.instrument_id)
    return instrument.underlying == "ETH" and instrument.kind is not Kind.SPOT
