"""``offbeat withdraw``: take cash or spot out of an account."""

from typing import Annotated

from cyclopts import Parameter

from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import Result
from offbeat.cli.relays import NOWHERE, Venue, follow, outcome
from offbeat.core.lifecycle import IntentStatus


def withdraw(
    amount: Annotated[str, Parameter(help='Decimal number, such as "12.5".')],
    *,
    asset: Annotated[str | None, Parameter(help="An underlying. [default: the cash]")] = None,
    to: Annotated[str | None, Parameter(help="Who gets it. [default: the owner]")] = None,
    venue: Venue = NOWHERE,
    key: KeySource = ENVIRONMENT,
) -> Result:
    """Make an amount payable from the vault; returns when that is final.

    Exits with 3 if it is refused.
    """
    with venue.client(key) as client:
        sent = client.withdraw(amount, asset, to=to)
        return outcome(follow(client, sent, IntentStatus.FINAL))
