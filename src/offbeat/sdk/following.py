"""How the news of one intent are put together: from streams that break, and from polling."""

from typing import Final

from offbeat.core import InvalidInput, Unavailable
from offbeat.sdk.answers import error_from, whole
from offbeat.sdk.results import IntentState, intent_state
from offbeat.wire import Failed, IntentView, Message, Snapshot, Subscribe, Update

UNKNOWN_INTENT: Final = "intent_unknown"


class Story:
    """What is known of an intent, from whichever relay, in an order that makes sense.

    One relay's news are in the order of their cursors, and may take something back where the chain
    was reorganised. Another relay may be behind, by its clock. What is closed stays closed.
    """

    def __init__(self, intent_hash: str) -> None:
        self.intent_hash = intent_hash
        self.latest: IntentState | None = None
        self._source = ""

    def tell(self, view: IntentView, source: str) -> IntentState | None:
        """The state if it is news. Raises :class:`Unavailable` with code ``answer_invalid``."""
        if view.intent_hash != self.intent_hash:
            return None
        state, before = intent_state(view), self.latest
        if before is not None:
            if before.is_closed or state == before:
                return None
            if source == self._source:
                is_older = state.cursor < before.cursor
            else:
                is_older = state.changed_seconds < before.changed_seconds
            if is_older:
                return None
        self.latest, self._source = state, source
        return state


class StreamReader:
    """The reading side of one relay's stream, for one intent.

    ``after`` is the last ``seq`` that this relay has told us, and outlives the connection.
    """

    def __init__(self, intent_hash: str) -> None:
        self.intent_hash = intent_hash
        self.channel = f"intent:{intent_hash}"
        self.after: str | None = None
        self._is_resuming = False

    def subscribe(self) -> Subscribe:
        """What to say when a connection opens."""
        self._is_resuming = True
        return Subscribe(self.channel, self.after)

    def hear(self, message: Message) -> tuple[list[IntentView], Subscribe | None]:
        """The views in a message, and what to say now, if anything.

        Raises :class:`Unavailable` with code ``stream_gap`` where something is missing (connect
        again), the error of a problem that subscribing again does not help against, and
        :class:`InvalidInput` with code ``intent_unknown`` where the relay does not know it.
        """
        match message:
            case Snapshot() if message.channel == self.channel:
                if not message.intents:
                    raise InvalidInput(UNKNOWN_INTENT, "the relay does not know the intent")
                self.after, self._is_resuming = message.seq, False
                return message.intents, None
            case Update() if message.channel == self.channel:
                return self._update(message), None
            case Failed() if message.channel in (None, self.channel):
                if self.after is None:
                    raise error_from(message.problem)
                # Our cursor may be older than what the relay remembers: from the start, then.
                self.after = None
                return [], self.subscribe()
        return [], None

    def _update(self, update: Update) -> list[IntentView]:
        if self.after is not None:
            if whole(update.seq) <= whole(self.after):
                return []
            if update.prev_seq != self.after and not self._is_resuming:
                raise Unavailable("stream_gap", "the stream has left something out")
        self.after, self._is_resuming = update.seq, False
        return [update.intent] if update.intent else []
