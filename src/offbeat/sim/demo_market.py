"""The demo: an invented market on an afternoon and the morning after, the same every time.

Spot jumps overnight and the first expiry settles at 08:00, so makers quote every option twice. In
every round the crowd sends one order of each strategy; many are sent more than once. Some intents
must be refused. A session key trades for one trader, others cancel, withdraw and pay. A covered
call that ends in the money pays in the spot that covers it.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random
from typing import Final

from offbeat.core import Reason, limits
from offbeat.instruments import Leg, Strategy, covered_call
from offbeat.intents import (
    Cancel,
    Delegate,
    Intent,
    Scope,
    Transfer,
    Withdraw,
    address_of,
    make_nonce,
)
from offbeat.sim.cast import CASH_ASSET, Cast
from offbeat.sim.demo_crowd import crowd_submissions, eager_limit_micros
from offbeat.sim.demo_misfits import misfit_submissions
from offbeat.sim.demo_prices import (
    EXPIRIES_SECONDS,
    SPOT,
    START_SECONDS,
    STRIKES_MICROS,
    SYMBOL,
    Prices,
    listed_options,
    prices_at,
)
from offbeat.sim.resting_depth import INSTRUMENTS_PER_MAKER
from offbeat.sim.scenario import QUOTE, Role, Round, Scenario, Settlement, Submission

SEED: Final = 2026
SPOT_PATH_MICROS: Final = tuple(
    cents * 10_000
    for cents in (300_000, 300_030, 299_980, 300_010, 298_850, 298_870, 298_820, 298_860)
)
"""Spot at each round."""
REOPENS_SECONDS: Final = EXPIRIES_SECONDS[0] + 300
"""When the second half begins."""
ROUND_SECONDS: Final = 60
ROUND_LIFE_SECONDS: Final = 50
MAX_FEE_MICROS: Final = 2 * limits.QUOTE_SCALE
PRINCIPAL: Final = f"{Strategy.VERTICAL}-1"
"""Lets a session key sign its orders, and nothing else."""

_ROUNDS_PER_HALF: Final = len(SPOT_PATH_MICROS) // 2
_LEVELS: Final = ((100, 10), (250, 40))
"""Of a maker's quotes: distance from the mark in per cent of the half spread, and contracts."""
_FIRST_NONCE: Final = make_nonce(0, 0)
_FAR_CALL: Final = Leg(listed_options(START_SECONDS)[-2], +1)
_COVERED_STRIKE_MICROS: Final = STRIKES_MICROS[1]
_COVERED_QUANTITY_MICROS: Final = 5 * limits.QUANTITY_SCALE
_REPORT_AGE_SECONDS: Final = 5
_POCKET_MONEY_MICROS: Final = 250 * limits.QUOTE_SCALE


def build_demo() -> Scenario:
    """The whole demo as a scenario; it reads no file and no clock."""
    rng = Random(SEED)
    cast = Cast("demo", MAX_FEE_MICROS)
    rounds = []
    for number, spot_micros in enumerate(SPOT_PATH_MICROS):
        opens_seconds, closes_seconds = _opens_seconds(number), _closes_seconds(number)
        prices = prices_at(opens_seconds - _REPORT_AGE_SECONDS, spot_micros)
        round_of_half = number % _ROUNDS_PER_HALF
        last_of_half = number - round_of_half + _ROUNDS_PER_HALF - 1
        quotes = _quotes(cast, prices, _closes_seconds(last_of_half))
        submissions = (
            *(quotes if round_of_half == 0 else ()),
            *_crowd(cast, rng, prices, number),
            *_extras(cast, prices, number),
        )
        settlements = (_settlement(spot_micros),) if number == _ROUNDS_PER_HALF else ()
        rounds.append(Round(opens_seconds, closes_seconds, prices.report, submissions, settlements))
    return Scenario("demo", cast.participants(rounds), tuple(rounds))


def _opens_seconds(number: int) -> int:
    half, number = divmod(number, _ROUNDS_PER_HALF)
    return (START_SECONDS, REOPENS_SECONDS)[half] + ROUND_SECONDS * number


def _closes_seconds(number: int) -> int:
    return _opens_seconds(number) + ROUND_LIFE_SECONDS


_END_SECONDS: Final = _closes_seconds(len(SPOT_PATH_MICROS) - 1)


def _settlement(spot_micros: int) -> Settlement:
    return Settlement(SYMBOL, EXPIRIES_SECONDS[0], spot_micros)


def _quotes(cast: Cast, prices: Prices, valid_until_seconds: int) -> Iterator[Submission]:
    """Both sides of spot and of every option, each maker with a few neighbouring strikes."""
    options = listed_options(prices.time_seconds)
    desks = [options[at : at + INSTRUMENTS_PER_MAKER] for at in range(0, len(options), 4)]
    for desk, instruments in enumerate([(SPOT,), *desks]):
        maker = cast.join(f"maker-{desk}" if desk else "maker-spot", Role.MAKER)
        for instrument, side, (percent, contracts) in product(instruments, (+1, -1), _LEVELS):
            legs = (Leg(instrument, side),)
            spread_micros = prices.half_spread_micros(legs) * percent // 100
            limit_micros = prices.fair_micros(legs) - spread_micros
            yield Submission(
                intent=cast.order(
                    maker,
                    legs,
                    contracts * limits.QUANTITY_SCALE,
                    max(0, limit_micros) if side > 0 else limit_micros,
                    valid_until_seconds,
                ),
                sender=maker,
                signer_key=cast.key(maker),
                label=QUOTE,
                source=f"{instrument.name} {'bid' if side > 0 else 'ask'}",
            )


def _crowd(cast: Cast, rng: Random, prices: Prices, number: int) -> Iterator[Submission]:
    """The round's orders of the crowd; the principal's are signed by its session key."""
    for submission in crowd_submissions(cast, rng, prices, number, _END_SECONDS):
        if submission.sender == PRINCIPAL and number > 0:
            yield replace(submission, signer_key=_session_key(cast))
        else:
            yield submission


def _extras(cast: Cast, prices: Prices, number: int) -> Iterator[Submission]:
    """What else happens in a round."""
    match number:
        case 0:
            yield _delegation(cast)
            yield _covered_writer(cast, prices)
        case 1:
            yield from misfit_submissions(cast, prices, _END_SECONDS)
        case 2:
            yield _session_withdrawal(cast)
        case 3:
            yield _stingy_order(cast)
        case 4:
            yield _cancel(cast)
        case 5:
            yield _cancelled_nonce(cast)
        case 6:
            yield _cancel_all(cast, f"{Strategy.CALENDAR}-2")
        case 7:
            yield from _payments(cast, f"{Strategy.IRON_CONDOR}-1", f"{Strategy.IRON_CONDOR}-2")


def _covered_writer(cast: Cast, prices: Prices) -> Submission:
    """Buys spot and sells a call on it that will be exercised overnight."""
    legs = covered_call(SYMBOL, EXPIRIES_SECONDS[0], _COVERED_STRIKE_MICROS)
    sender = cast.join("writer", Role.TAKER)
    limit_micros = eager_limit_micros(prices, legs, 120)
    order = cast.order(sender, legs, _COVERED_QUANTITY_MICROS, limit_micros, _END_SECONDS)
    return replace(_action(cast, sender, order), label=Strategy.COVERED_CALL)


def _delegation(cast: Cast) -> Submission:
    intent = Delegate(
        **cast.envelope(PRINCIPAL, _END_SECONDS),
        delegate=address_of(_session_key(cast)),
        scope=Scope.ORDER,
        expires_seconds=_END_SECONDS,
    )
    return _action(cast, PRINCIPAL, intent)


def _session_withdrawal(cast: Cast) -> Submission:
    """The session key reaches for the money."""
    intent = Withdraw(
        **cast.envelope(PRINCIPAL, _END_SECONDS),
        to=address_of(_session_key(cast)),
        asset=CASH_ASSET,
        amount_micros=_POCKET_MONEY_MICROS,
    )
    refused = _action(cast, PRINCIPAL, intent, Reason.SIGNER_UNAUTHORISED)
    return replace(refused, signer_key=_session_key(cast))


def _stingy_order(cast: Cast, limit_micros: int = 1) -> Submission:
    """An order that nobody matches, with the waverer's first nonce."""
    sender = cast.join("waverer", Role.TAKER)
    quantity_micros = limits.QUANTITY_SCALE
    order = cast.order(sender, (_FAR_CALL,), quantity_micros, limit_micros, _END_SECONDS)
    return _action(cast, sender, replace(order, nonce=_FIRST_NONCE))


def _cancel(cast: Cast) -> Submission:
    envelope = cast.envelope("waverer", _END_SECONDS) | {"nonce": _FIRST_NONCE}
    return _action(cast, "waverer", Cancel(**envelope))


def _cancelled_nonce(cast: Cast) -> Submission:
    """Another order that comes with the cancelled one's nonce."""
    return replace(_stingy_order(cast, limit_micros=2), expected=Reason.NONCE_SPENT)


def _cancel_all(cast: Cast, sender: str) -> Submission:
    """One nonce that spends all before it."""
    envelope = cast.envelope(sender, _END_SECONDS) | {"nonce": cast.window_end(sender)}
    return _action(cast, sender, Cancel(**envelope))


def _payments(cast: Cast, sender: str, receiver: str) -> Iterator[Submission]:
    """One trader pays another, who withdraws as much."""
    transfer = Transfer(
        **cast.envelope(sender, _END_SECONDS),
        to_owner=cast.address(receiver),
        to_account=0,
        amount_micros=_POCKET_MONEY_MICROS,
    )
    withdrawal = Withdraw(
        **cast.envelope(receiver, _END_SECONDS),
        to=cast.address(receiver),
        asset=CASH_ASSET,
        amount_micros=_POCKET_MONEY_MICROS,
    )
    yield _action(cast, sender, transfer)
    yield _action(cast, receiver, withdrawal)


def _session_key(cast: Cast) -> bytes:
    return cast.key(f"{PRINCIPAL}/session")


def _action(cast: Cast, sender: str, intent: Intent, expected: Reason | None = None) -> Submission:
    return Submission(
        intent=intent,
        sender=sender,
        signer_key=cast.key(sender),
        label=type(intent).__name__.lower(),
        source=sender,
        expected=expected,
    )
