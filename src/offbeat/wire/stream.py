"""What travels over ``/v1/stream``: tagged JSON objects, one to a WebSocket message.

A channel is ``intent:0x…`` (its hash), ``account:0x…`` (its id) or ``batches``. A subscriber gets a
snapshot, then every update, each naming the one before it: whoever sees a gap, or comes back with
the last ``seq`` that it has seen, subscribes again with ``after`` and misses nothing.
"""

from msgspec import Struct

from offbeat.wire.views import (
    AccountView,
    Admission,
    BatchView,
    IntentView,
    Problem,
    SignedBody,
    Whole,
)


class Subscribe(Struct, frozen=True, tag_field="op", tag="subscribe"):
    """Follow a channel, from now or from right after a ``seq``."""

    channel: str
    after: Whole | None = None


class Unsubscribe(Struct, frozen=True, tag_field="op", tag="unsubscribe"):
    """Follow a channel no longer."""

    channel: str


class Submit(Struct, frozen=True, tag_field="op", tag="submit"):
    """Admit intents, as ``POST /v1/intents`` does; ``id`` comes back with the answer."""

    id: str
    intents: list[SignedBody]


Request = Subscribe | Unsubscribe | Submit
"""What a client says."""


class Snapshot(Struct, frozen=True, tag_field="type", tag="snapshot"):
    """All of a channel as of ``seq``: intents (the open ones, of an account) and the account."""

    channel: str
    seq: Whole
    intents: list[IntentView]
    account: AccountView | None = None


class Update(Struct, frozen=True, tag_field="type", tag="update"):
    """The next news on a channel; ``prev_seq`` is the ``seq`` of the message before it there."""

    channel: str
    seq: Whole
    prev_seq: Whole
    intent: IntentView | None = None
    batch: BatchView | None = None
    account: AccountView | None = None


class Submitted(Struct, frozen=True, tag_field="type", tag="submitted"):
    """The answer to :class:`Submit`: one admission for each intent, in their order."""

    id: str
    results: list[Admission]


class Failed(Struct, frozen=True, tag_field="type", tag="problem"):
    """A request was not understood, or a channel was dropped: subscribe again."""

    problem: Problem
    channel: str | None = None
    id: str | None = None


Message = Snapshot | Update | Submitted | Failed
"""What a server says."""
