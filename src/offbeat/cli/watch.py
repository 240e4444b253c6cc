"""``offbeat intent watch``: an intent, from now to its end."""

from typing import Annotated

from cyclopts import Parameter

from offbeat.cli.output import Result
from offbeat.cli.relays import NOWHERE, Venue, follow, outcome
from offbeat.core.lifecycle import IntentStatus


def watch(
    intent_hash: Annotated[str, Parameter(help="0x and 64 hexadecimal digits.")],
    *,
    venue: Venue = NOWHERE,
) -> Result:
    """Follow an intent until nothing more can come of it, on a final block.

    Exits with 3 if it ends rejected, cancelled or expired.
    """
    with venue.client(None) as client:
        return outcome(follow(client, client.intent(intent_hash), IntentStatus.FINAL))
