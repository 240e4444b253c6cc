"""What happens on chain outside batches, as pure functions from state to state.

The contracts have judged these acts already; here they are only followed.
"""

from dataclasses import replace

from offbeat.core import limits
from offbeat.intents import Delegation
from offbeat.rulebook.forced import ForcedItem
from offbeat.rulebook.layout import InboxItem
from offbeat.rulebook.state import Pot, State, symbol_number


def register_underlying(state: State, symbol: str) -> State:
    """An underlying was admitted."""
    return replace(state, underlyings=state.underlyings | {symbol_number(symbol)})


def enqueue(state: State, item: InboxItem) -> State:
    """A deposit entered the inbox."""
    number = state.inbox_count + 1
    return replace(state, inbox={**state.inbox, number: item}, inbox_count=number)


def force(state: State, item: ForcedItem) -> State:
    """A signed intent entered the queue of forced requests."""
    return replace(state, forced=(*state.forced, item))


def clear_forced(state: State) -> State:
    """The first of that queue left it."""
    return replace(state, forced=state.forced[1:])


def pass_over_forced(state: State) -> State:
    """The first of that queue, an order, went behind the others."""
    return replace(state, forced=(*state.forced[1:], state.forced[0]))


def post_settlement_price(state: State, group: int, price_micros: int) -> State:
    """The settlement price of a group (symbol and expiry) was fixed; the first one stands."""
    if group in state.pots:
        return state
    return replace(state, pots={**state.pots, group: Pot(price_micros)})


def grant(state: State, owner: bytes, key: bytes, delegation: Delegation) -> State:
    """A key's grant was set outside a batch (the event carries the resulting grant)."""
    return replace(state, grants={**state.grants, (owner, key): delegation})


def next_grant(
    old: Delegation | None, scope: int, expires_seconds: int, time_seconds: int
) -> Delegation | None:
    """The grant after an owner's act, or None where it is refused.

    ``expires_seconds`` 0 revokes: the grant lives on for ``DELEGATION_END_DELAY_SECONDS``, so that
    it cannot void a batch that is on its way. A live grant may otherwise only be widened.
    """
    current = old or Delegation(0, 0)
    if expires_seconds == 0:
        end = min(current.expires_seconds, time_seconds + limits.DELEGATION_END_DELAY_SECONDS)
        return Delegation(current.scope, end)
    if expires_seconds <= time_seconds:
        return None
    live = current.expires_seconds >= time_seconds
    narrower = scope & current.scope != current.scope or expires_seconds < current.expires_seconds
    return None if live and narrower else Delegation(scope, expires_seconds)
