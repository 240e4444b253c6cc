"""A batch in progress: the tables that its accounts share, and the state that it is changing."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from offbeat.instruments import Instrument, Kind
from offbeat.intents import Delegation
from offbeat.rulebook.forced import ForcedItem
from offbeat.rulebook.layout import BatchRow, Header
from offbeat.rulebook.records import Account
from offbeat.rulebook.state import Pot, State


@dataclass(slots=True)
class Credit:
    """Money on its way to an account: an inbox item, or a transfer made in this batch."""

    account: int
    symbol: int
    amount_micros: int
    claimed: bool = False
    is_cover: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the batch did with one intent: its hash, and for an order the fill and the payment.

    ``pay_micros`` is positive where the trader pays; ``filled_micros`` counts all batches so far.
    Nobody signed what a liquidation trades, nor what the insurance fund gives it.
    """

    intent_hash: bytes
    account: int
    kind: int
    fee_micros: int
    fill_micros: int = 0
    filled_micros: int = 0
    pay_micros: int = 0
    is_signed: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the rules read it: the instrument, its mark, losses and clearing price."""

    instrument: Instrument
    mark_micros: int
    price_nanos: int
    risk: tuple[int, ...]
    settling: bool

    @property
    def is_spot(self) -> bool:
        """Whether this is an underlying itself."""
        return self.instrument.kind is Kind.SPOT

    @classmethod
    def of(cls, row: BatchRow, settling: bool) -> "Row":
        """Unpack a payload row; its instrument has been checked."""
        risk = tuple((row.risk_word >> 16 * j & 0xFFFF) - (1 << 15) for j in range(16))
        instrument = Instrument.from_id(row.instrument_id)
        return cls(instrument, row.mark_micros, row.price_nanos, risk, settling)


@dataclass(frozen=True, slots=True)
class Quote:
    """What the report says of an underlying."""

    spot_micros: int
    tick_micros: int
    short_min_ticks: int

    @classmethod
    def of(cls, word: int) -> "Quote":
        """Unpack a report word."""
        return cls(word >> 152 & _LOW_64, word >> 88 & _LOW_64, word >> 56 & 0xFFFFFFFF)


@dataclass(slots=True)
class Work:
    """Mutable working copy; ``finish`` turns it into the next state.

    ``due`` is the forced request that the batch has to do, until it has.
    """

    state: State
    header: Header
    rows: list[Row] = field(default_factory=list)
    quotes: dict[str, Quote] = field(default_factory=dict)
    credits: list[Credit] = field(default_factory=list)
    payments: list[tuple[bytes, int, int]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    nets: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    pool_micros: int = 0
    accounts: dict[int, Account] = field(default_factory=dict)
    grants: dict[tuple[bytes, bytes], Delegation] = field(default_factory=dict)
    pots: dict[int, Pot] = field(default_factory=dict)
    due: ForcedItem | None = None

    @property
    def has_report(self) -> bool:
        """Whether the batch stands on an oracle report."""
        return self.header.report_time_seconds != 0

    def account(self, account: int) -> Account:
        """The account's record as of now, inside this batch."""
        return self.accounts.get(account) or self.state.account(account)

    def delegation(self, owner: bytes, key: bytes) -> Delegation | None:
        """The key's grant as of now, inside this batch."""
        return self.grants.get((owner, key)) or self.state.grants.get((owner, key))

    def serve(self, digest: bytes) -> None:
        """An intent is done: perhaps the one that somebody has forced."""
        if self.due is not None and self.due.digest == digest:
            self.due = None

    def pot(self, group: int) -> Pot:
        """The group's pot as of now, inside this batch; its price is known."""
        return self.pots.get(group) or self.state.pots[group]

    def finish(
        self, payload_hash: bytes, lander: bytes, cash_symbol: int, *, certified: bool
    ) -> State:
        """The state after the batch."""
        state, header = self.state, self.header
        certified_time = header.time_seconds if certified else state.certified_time_seconds
        owed = dict(state.owed_micros)
        fees = [(lander, cash_symbol, self.pool_micros)] if self.pool_micros else []
        for address, symbol, amount in (*fees, *self.payments):
            owed[address, symbol] = owed.get((address, symbol), 0) + amount
        consumed = state.inbox_consumed + header.n_credits
        return replace(
            state,
            number=header.number,
            head=payload_hash,
            time_seconds=header.time_seconds,
            report_time_seconds=max(state.report_time_seconds, header.report_time_seconds),
            certified_time_seconds=certified_time,
            accounts={**state.accounts, **self.accounts},
            grants={**state.grants, **self.grants},
            pots={**state.pots, **self.pots},
            inbox={number: item for number, item in state.inbox.items() if number > consumed},
            inbox_consumed=consumed,
            owed_micros=owed,
        )


_LOW_64 = (1 << 64) - 1
