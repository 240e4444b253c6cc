"""The channels that one client follows: a snapshot or a replay first, then the tail's news."""

from typing import Final, Protocol

from offbeat.core import InvalidInput
from offbeat.core.store_port import MAX_INTEGER, START, Cursor, StoredIntent
from offbeat.node.api.bodies import hex_bytes
from offbeat.node.api.context import Api
from offbeat.node.api.problems import problem
from offbeat.node.api.showing import all_open, describe_account, intent_view
from offbeat.node.api.tail import BATCHES, News
from offbeat.wire import Failed, Message, Problem, Snapshot, Subscribe, Update

INTENT_BYTES: Final = 32
ACCOUNT_BYTES: Final = 24

LAGGING: Final = problem(
    503, "stream_lagging", "this channel was read too slowly: subscribe again", retryable=True
)
LOST: Final = problem(
    503, "stream_lost", "this relay has lost its place: subscribe again", retryable=True
)


class Outbox(Protocol):
    """Where a client's messages go."""

    @property
    def has_room(self) -> bool:
        """Whether one more message may wait for the client."""

    def put(self, message: Message) -> None:
        """Send a message, whether there is room or not."""

    async def send(self, message: Message) -> None:
        """Send a message as soon as there is room."""


class Subscription:
    """One channel of one client; until it has ``caught_up``, news are kept aside."""

    def __init__(self, channels: "Channels", channel: str) -> None:
        self.channel = channel
        self.seq = START
        self._channels = channels
        self._aside: list[News] | None = []

    def hear(self, news: News) -> None:
        """Take the next news."""
        if self._aside is None:
            self._channels.push(self, news)
        elif len(self._aside) < self._channels.api.limits.max_stream_backlog:
            self._aside.append(news)
        else:
            self._channels.drop(self, LAGGING)

    def lose(self) -> None:
        """There will be no more news."""
        self._channels.drop(self, LOST)

    def caught_up(self) -> None:
        """Everything up to ``seq`` has been sent: go on with what was kept aside."""
        aside, self._aside = self._aside or [], None
        for news in aside:
            self._channels.push(self, news)

    def update(self, news: News) -> Update | None:
        """The message for news, unless the client knows them."""
        if news.seq <= self.seq:
            return None
        before, self.seq = self.seq, Cursor(news.seq)
        return Update(
            self.channel, str(news.seq), str(before), news.intent, news.batch, news.account
        )


class Channels:
    """What one client follows."""

    def __init__(self, api: Api, outbox: Outbox) -> None:
        self.api = api
        self._outbox = outbox
        self._followed: dict[str, Subscription] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._followed)

    async def follow(self, request: Subscribe) -> None:
        """Begin with a snapshot, or right after a ``seq`` that is not too long ago.

        Raises :class:`InvalidInput` with code ``channel_unknown``, ``channels_full``,
        ``cursor_unknown`` or ``hex_invalid``, and as the store and the service do.
        """
        subject, after = _parse_channel(request.channel), _parse_seq(request.after)
        most = self.api.limits.max_stream_channels
        self.unfollow(request.channel)
        if len(self._followed) >= most:
            raise InvalidInput("channels_full", f"a stream has at most {most} channels")
        subscription = Subscription(self, request.channel)
        place = await self.api.tail.add(subscription)
        self._followed[request.channel] = subscription
        try:
            if after is None or place - after > self.api.limits.max_stream_replay:
                await self._outbox.send(await self._snapshot(subscription, subject))
            else:
                await self._replay(subscription, after, place)
        except BaseException:
            self.unfollow(request.channel)
            raise
        subscription.caught_up()

    def unfollow(self, channel: str) -> None:
        """Follow a channel no longer, if the client does."""
        subscription = self._followed.pop(channel, None)
        if subscription is not None:
            self.api.tail.remove(subscription)

    def unfollow_all(self) -> None:
        """Follow nothing any longer."""
        for channel in list(self._followed):
            self.unfollow(channel)

    def push(self, subscription: Subscription, news: News) -> None:
        """Send news if there is room, else drop their channel."""
        if self._followed.get(subscription.channel) is not subscription:
            return
        if not self._outbox.has_room:
            self.drop(subscription, LAGGING)
        elif update := subscription.update(news):
            self._outbox.put(update)

    def drop(self, subscription: Subscription, why: Problem) -> None:
        """End a channel. It ends once, so what waits for the client stays bounded."""
        if self._followed.get(subscription.channel) is subscription:
            self.unfollow(subscription.channel)
            self.api.metrics.dropped.inc()
            self._outbox.put(Failed(why, channel=subscription.channel))

    async def _snapshot(self, subscription: Subscription, subject: bytes) -> Snapshot:
        """A channel as it stands, or a little later than its ``seq`` says: updates repeat that."""
        service = self.api.service
        rows: list[StoredIntent] = []
        account = None
        subscription.seq = await service.store.head()
        if len(subject) == INTENT_BYTES:
            row = await service.store.intent(subject)
            rows = [] if row is None else [row]
        elif len(subject) == ACCOUNT_BYTES:
            number = int.from_bytes(subject)
            rows = await all_open(service.store, number)
            account = await describe_account(service, number)
        views = list(map(intent_view, rows))
        return Snapshot(subscription.channel, str(subscription.seq), views, account)

    async def _replay(self, subscription: Subscription, after: Cursor, place: Cursor) -> None:
        """Send what happened after ``after``, as far as ``place``; the tail tells of the rest."""
        store, tail = self.api.service.store, self.api.tail
        subscription.seq = at = after
        while page := await store.journal(after=at):
            for recorded in page:
                at = recorded.cursor
                if at > place:
                    return
                for news in await tail.news_of(recorded, subscription.channel.__eq__):
                    if update := subscription.update(news):
                        await self._outbox.send(update)


def _parse_channel(channel: str) -> bytes:
    """Whom a channel is about: an intent's hash, an account's id, or nobody for all batches."""
    kind, _, name = channel.partition(":")
    lengths = {"intent": INTENT_BYTES, "account": ACCOUNT_BYTES}
    if channel == BATCHES:
        return b""
    if kind not in lengths or name != name.lower():
        raise InvalidInput(
            "channel_unknown", "a channel is intent:0x…, account:0x… (lower case) or batches"
        )
    return hex_bytes(name, lengths[kind], f"the {kind} of a channel")


def _parse_seq(text: str | None) -> Cursor | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= MAX_INTEGER):
        raise InvalidInput("cursor_unknown", "no update has that seq")
    return Cursor(int(text))
