"""``offbeat trade``: a strategy by name, its margin, its signature, its settlement."""

import json
import sys
from dataclasses import asdict
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.prompt import Confirm

from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import Result, facts, stderr
from offbeat.cli.relays import NOWHERE, Venue, follow, outcome
from offbeat.cli.tactics import PLAIN, Tactics
from offbeat.core import InvalidInput, OffbeatError
from offbeat.core.lifecycle import IntentStatus
from offbeat.intents import intent_hash, typed_data
from offbeat.sdk import Client, MarginPreview, OrderTerms, named_legs, order_terms, raw_legs

_LEGS: Final = "legs"
_Number = Annotated[str, Parameter(allow_leading_hyphen=True)]


def trade(
    strategy: Annotated[str, Parameter(help="covered-call, vertical, …, or legs.")],
    *instruments: Annotated[
        str, Parameter(help="Deribit names of its options; for legs, NAME=RATIO.")
    ],
    quantity: Annotated[_Number, Parameter(help="Units of the strategy.")],
    limit: Annotated[
        _Number, Parameter(help="Worst net price of one: positive pays, negative receives.")
    ],
    side: Annotated[Literal["buy", "sell"], Parameter(help="sell takes the other side.")] = "buy",
    min_fill: Annotated[_Number, Parameter(help="Least that may fill.")] = "0",
    valid_for: Annotated[int | None, Parameter(help="Seconds until the order ends.")] = None,
    until: Annotated[Literal["settled", "final"], Parameter(help="How long to wait.")] = "final",
    dry_run: Annotated[
        bool, Parameter(negative="", help="Show margin and typed data; sign and send nothing.")
    ] = False,
    yes: Annotated[bool, Parameter(negative="", help="Do not ask.")] = False,
    tactics: Tactics = PLAIN,
    venue: Venue = NOWHERE,
    key: KeySource = ENVIRONMENT,
) -> Result:
    """Sign a strategy, send it to every relay, and wait until it has settled.

    Exits with 3 if it is refused or ends unfilled, 4 if no relay can be reached, and 5 if nobody
    can say what became of it.
    """
    legs = (
        raw_legs(_ratios(instruments)) if strategy == _LEGS else named_legs(strategy, instruments)
    )
    terms = order_terms(
        legs,
        quantity=quantity,
        limit=limit,
        side=side,
        min_fill=min_fill,
        valid_for_seconds=valid_for,
    )
    orders = tactics.orders(terms)
    if dry_run and len(orders) > 1:
        raise InvalidInput("usage", "--dry-run shows one order: leave --oco and --slices out")
    if not (yes or dry_run or sys.stdin.isatty()):
        raise InvalidInput("usage", "nobody to ask: give --yes, or --dry-run")
    with venue.client(key) as client:
        if dry_run:
            return _draft(client, orders[0])
        if not yes:
            _ask(client, terms, len(orders))
        stop_at = IntentStatus[until.upper()]
        if len(orders) > 1:
            return tactics.trade(client, orders, stop_at)
        return outcome(follow(client, client.trade(orders[0]), stop_at))


def _ratios(instruments: tuple[str, ...]) -> dict[str, int]:
    ratios: dict[str, int] = {}
    for text in instruments:
        name, _, ratio = text.partition("=")
        digits = ratio.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 6 or name in ratios:
            raise InvalidInput(
                "usage", "a leg is NAME=RATIO, like ETH=1, and each name stands once"
            )
        ratios[name] = int(ratio)
    return ratios


def _draft(client: Client, terms: OrderTerms) -> Result:
    """What would be signed, and what it would do to the account."""
    order, domain, margin = client.prepare(terms), client.domain(), client.preview(terms)
    data = typed_data(order, domain)

    def show(console: Console) -> None:
        console.print(facts("Margin", _margin_facts(margin)))
        console.print_json(json.dumps(data), highlight=False)

    return Result(
        {
            "strategy": terms.strategy,
            "intent_hash": intent_hash(order, domain),
            "margin": _texts(asdict(margin)),
            "typed_data": data,
        },
        show,
    )


def _ask(client: Client, terms: OrderTerms, n_orders: int) -> None:
    """Show what is about to be signed, and stop unless somebody agrees."""
    console = stderr()
    legs = {leg.instrument.name: f"{leg.ratio:+d}" for leg in terms.legs}
    console.print(facts(terms.strategy.replace("_", " "), legs))
    try:
        console.print(facts("Margin", _margin_facts(client.preview(terms))))
    except OffbeatError as error:
        console.print(f"no margin preview: {error.code}")
    question = "Sign and send?" if n_orders == 1 else f"Sign and send {n_orders} orders?"
    if not Confirm.ask(question, console=console, default=False):
        raise InvalidInput("declined", "nothing was signed")


def _margin_facts(margin: MarginPreview) -> dict[str, str]:
    def words(passes: bool) -> str:
        return "healthy" if passes else "not healthy"

    return {
        "before": words(margin.before.passes),
        "after": words(margin.after.passes),
        "cash after": f"{margin.cash_after:,}",
    }


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _texts(each) for name, each in value.items()}
    return str(value) if isinstance(value, Decimal) else value
