"""One reader of the journal for every stream of this process.

It reads only while somebody listens. Each entry becomes news on the channels that it concerns;
what nobody follows is not looked up.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import asdict, replace

from offbeat.core import Unavailable
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import (
    START,
    BatchCertified,
    BatchMoved,
    Cursor,
    IntentMoved,
    IntentRelayed,
    Recorded,
    StoredBatch,
    StoredIntent,
)
from offbeat.node.api.batches import contents_of, describe_batch
from offbeat.node.api.showing import describe_account, intent_view
from offbeat.node.service import Service
from offbeat.wire import AccountView, BatchView, IntentView

T = TypeVar("T")
Row = TypeVar("Row", StoredIntent, StoredBatch)

BATCHES: Final = "batches"
_WAIT_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 1.0
_REMEMBERED: Final = 65_536
_log = structlog.get_logger("offbeat.api")


class News(Struct, frozen=True):
    """One entry of the journal, as one channel sees it."""

    channel: str
    seq: int
    intent: IntentView | None = None
    batch: BatchView | None = None
    account: AccountView | None = None


class Listener(Protocol):
    """Somebody who follows a channel."""

    channel: str

    def hear(self, news: News) -> None:
        """Take the next news; must not wait."""

    def lose(self) -> None:
        """There will be no more news: subscribe again."""


Wanted = Callable[[str], bool]
"""Whether anybody follows a channel."""


class Tail:
    """The journal's end, told to whoever listens."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._position = START
        self._accounts: OrderedDict[bytes, bytes] = OrderedDict()

    @property
    def n_listeners(self) -> int:
        """How many subscriptions there are."""
        return sum(map(len, self._listeners.values()))

    async def add(self, listener: Listener) -> Cursor:
        """Tell ``listener`` everything after the place that is returned, and perhaps it too."""
        async with self._starting:
            if self._task is None or self._task.done():
                self._position = await self._service.store.head()
                self._task = asyncio.create_task(self._follow(), name="journal tail")
            self._listeners[listener.channel].add(listener)
            return self._position

    def remove(self, listener: Listener) -> None:
        """Tell ``listener`` no more; nobody left, nothing is read."""
        self._listeners[listener.channel].discard(listener)
        if not self._listeners[listener.channel]:
            del self._listeners[listener.channel]
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def news_of(self, recorded: Recorded, wanted: Wanted) -> list[News]:
        """What an entry says on every channel that is ``wanted``."""
        entry = recorded.entry
        match entry:
            case IntentRelayed():
                row = _first(StoredIntent, recorded)
                self._remember(row)
                return self._intent_news(row, wanted)
            case IntentMoved():
                return await self._intent_moved(recorded, entry, wanted)
            case BatchCertified():
                return await self._batch_news(_first(StoredBatch, recorded), wanted)
            case BatchMoved():
                batch = await self._service.store.batch(entry.batch_hash)
                assert batch is not None, "the journal has told of it"
                return await self._batch_news(_moved(batch, recorded), wanted)
        return []

    async def _intent_moved(
        self, recorded: Recorded, move: IntentMoved, wanted: Wanted
    ) -> list[News]:
        account = self._accounts.get(move.intent_hash)
        channels = _intent_channels(move.intent_hash, account)
        if account is not None and not any(map(wanted, channels)):
            return []
        row = await self._service.store.intent(move.intent_hash)
        assert row is not None, "the journal has told of it"
        self._remember(row)
        return self._intent_news(_moved(row, recorded), wanted)

    def _intent_news(self, row: StoredIntent, wanted: Wanted) -> list[News]:
        channels = [each for each in _intent_channels(row.intent_hash, row.account) if wanted(each)]
        if not channels:
            return []
        view = intent_view(row)
        return [News(channel, row.changed, intent=view) for channel in channels]

    async def _batch_news(self, row: StoredBatch, wanted: Wanted) -> list[News]:
        service, news = self._service, []
        if wanted(BATCHES):
            view = await describe_batch(service, row)
            news.append(News(BATCHES, row.changed, batch=view))
        if row.status is BatchStatus.CERTIFIED:
            return news
        for account in contents_of(row.submission, service.rules.domain).accounts:
            if wanted(channel := account_channel(account.to_bytes(24))):
                record = await describe_account(service, account)
                news.append(News(channel, row.changed, account=record))
        return news

    def _remember(self, row: StoredIntent) -> None:
        self._accounts[row.intent_hash] = row.account
        if len(self._accounts) > _REMEMBERED:
            self._accounts.popitem(last=False)

    async def _follow(self) -> None:
        try:
            while True:
                await self._read()
        except Exception:
            _log.exception("the journal's tail is lost")
            for listener in [each for listeners in self._listeners.values() for each in listeners]:
                listener.lose()

    async def _read(self) -> None:
        store = self._service.store
        page = await _patiently(lambda: store.journal(after=self._position))
        for recorded in page:
            # First the place: whoever joins while news are made of this entry reads it himself.
            self._position = recorded.cursor
            for news in await _patiently(partial(self.news_of, recorded, self._is_followed)):
                for listener in tuple(self._listeners.get(news.channel, ())):
                    listener.hear(news)
        if not page:
            await _patiently(lambda: store.wait(self._position, _WAIT_SECONDS))

    def _is_followed(self, channel: str) -> bool:
        return channel in self._listeners


def intent_channel(intent_hash: bytes) -> str:
    """The channel of one intent."""
    return f"intent:0x{intent_hash.hex()}"


def account_channel(account: bytes) -> str:
    """The channel of one account, by its id in 24 bytes."""
    return f"account:0x{account.hex()}"


def _intent_channels(intent_hash: bytes, account: bytes | None) -> list[str]:
    of_account = [] if account is None else [account_channel(account)]
    return [intent_channel(intent_hash), *of_account]


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer, as soon as there is one."""
    while True:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(_RETRY_SECONDS)


def _first(kind: type[Row], recorded: Recorded) -> Row:
    """The row of something that the journal mentions for the first time."""
    place: dict[str, Any] = {"recorded": recorded.cursor, "recorded_seconds": recorded.time_seconds}
    return kind(**place, **_change(recorded), **asdict(recorded.entry))


def _moved(row: Row, recorded: Recorded) -> Row:
    """The row as an entry has left it, although it may have moved on since."""
    said = {name: value for name, value in asdict(recorded.entry).items() if value is not None}
    said.pop("seen", None)
    return replace(row, **said, **_change(recorded))


def _change(recorded: Recorded) -> dict[str, Any]:
    return {"changed": recorded.cursor, "changed_seconds": recorded.time_seconds}
