"""``offbeat cancel``: spend the nonce of one order, or of everything."""

from typing import Annotated

from cyclopts import Parameter

from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import Result
from offbeat.cli.relays import NOWHERE, Venue, follow, outcome, outcomes
from offbeat.core import InvalidInput
from offbeat.core.lifecycle import IntentStatus


def cancel(
    intent_hash: Annotated[str | None, Parameter(help="Hash of the order.")] = None,
    *,
    all_orders: Annotated[
        bool, Parameter(name="--all", negative="", help="Everything signed so far, sent or not.")
    ] = False,
    venue: Venue = NOWHERE,
    key: KeySource = ENVIRONMENT,
) -> Result:
    """Cancel one order, or all of an account; returns when that is final.

    An order may still fill until then: the answer tells what became of the order itself, and the
    exit code is 3 unless it is cancelled. With --all it tells what became of the cancels.
    """
    if (intent_hash is None) is not all_orders:
        raise InvalidInput("usage", "give the hash of an order, or --all")
    with venue.client(key) as client:
        if intent_hash is None:
            cancels = client.cancel_all()
            return outcomes([follow(client, each, IntentStatus.FINAL) for each in cancels])
        client.cancel(intent_hash)
        state = follow(client, client.intent(intent_hash), IntentStatus.FINAL)
    return outcome(state, IntentStatus.CANCELLED)
