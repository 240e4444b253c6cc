"""A batch in the making: who does what, before rows have numbers and the payload has bytes.

A :class:`Draft` lays out a payload as ``docs/protocol.md`` draws it, on its own: it shares the
rulebook's values (``Batch``, ``Section``, ``Action``) and none of the relay's code. Nothing here
keeps a draft from breaking the rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from coincurve import PrivateKey
from founding import CASH
from people import PEOPLE
from world import World

from offbeat.core import Reason, limits, to_unsigned
from offbeat.instruments import Instrument
from offbeat.intents import (
    Cancel,
    Delegate,
    Domain,
    Intent,
    Order,
    Transfer,
    Withdraw,
    intent_hash,
    sign_digest,
)
from offbeat.oracle import Report
from offbeat.rulebook import (
    GROUP_SHIFT,
    Action,
    ActionKind,
    Batch,
    BatchRow,
    InboxItem,
    Mode,
    Rejected,
    Section,
    State,
    Submission,
    account_id,
    symbol_number,
)

KINDS = {
    Order: ActionKind.ORDER,
    Cancel: ActionKind.CANCEL,
    Withdraw: ActionKind.WITHDRAW,
    Transfer: ActionKind.TRANSFER,
    Delegate: ActionKind.DELEGATE,
}


@dataclass(slots=True)
class Act:
    """A signed intent in a batch, with what the batch makes of it. The owner signs by default."""

    intent: Intent
    fill_micros: int = 0
    fee_micros: int = 0
    key: PrivateKey | None = None
    domain: Domain | None = None
    """Signed for another domain than the world's."""
    _signed: tuple[bytes, bytes] | None = None

    def action(self, rows: dict[int, int], domain: Domain) -> Action:
        """The six words; ``rows`` numbers the batch's instruments."""
        digest = intent_hash(self.intent, self.domain or domain)
        if self._signed is None or self._signed[0] != digest:
            key = self.key or PEOPLE[self.intent.owner].key
            self._signed = digest, sign_digest(digest, key)
        signature = self._signed[1]
        kind, third, fourth = KINDS[type(self.intent)], 0, 0
        head = kind << 248 | self.fill_micros << 168 | self.fee_micros << 104
        terms = self.intent.nonce << 64 | self.intent.max_fee_micros
        match self.intent:
            case Order() as order:
                head |= order.reduce_only << 240 | len(order.legs) << 232
                for position, leg in enumerate(order.legs):
                    packed = rows[leg.instrument.id] << 16 | to_unsigned(leg.ratio, 16)
                    head |= packed << 80 - 24 * position
                terms |= order.quantity_micros << 192 | order.min_fill_micros << 128
                third = to_unsigned(order.limit_micros, 128) << 128
                third |= order.valid_from_seconds << 64 | order.valid_until_seconds
                fourth = order.spot_min_micros << 128 | order.spot_max_micros
            case other:
                terms |= other.valid_until_seconds << 128
        match self.intent:
            case Withdraw() as withdraw:
                third = int.from_bytes(withdraw.to) << 96 | symbol_number(withdraw.asset) << 56
                fourth = withdraw.amount_micros << 128
                if withdraw.asset != CASH:
                    head |= rows[Instrument.spot(withdraw.asset).id] << 240
            case Transfer() as transfer:
                third = int.from_bytes(transfer.to_owner) << 96 | transfer.to_account << 64
                fourth = transfer.amount_micros << 128
            case Delegate() as delegate:
                third = int.from_bytes(delegate.delegate) << 96
                third |= delegate.scope << 64 | delegate.expires_seconds
        vs = int.from_bytes(signature[32:64]) | (signature[64] - 27) << 255
        return Action(head, terms, third, fourth, int.from_bytes(signature[:32]), vs)

    @property
    def instruments(self) -> Iterator[int]:
        """Ids of what it moves."""
        match self.intent:
            case Order() as order:
                yield from (leg.instrument.id for leg in order.legs)
            case Withdraw() as withdraw if withdraw.asset != CASH:
                yield Instrument.spot(withdraw.asset).id


@dataclass(slots=True)
class Claim:
    """Takes the batch's credit number ``index`` into the account."""

    index: int
    symbol: str = CASH

    def action(self, rows: dict[int, int], _domain: Domain) -> Action:
        """The six words."""
        row = 0 if self.symbol == CASH else rows[Instrument.spot(self.symbol).id]
        return Action(ActionKind.CREDIT << 248 | row << 240 | self.index << 232)

    @property
    def instruments(self) -> Iterator[int]:
        """Ids of what it moves."""
        if self.symbol != CASH:
            yield Instrument.spot(self.symbol).id


@dataclass(slots=True)
class Part:
    """One account's section."""

    account: int
    acts: list[Act | Claim] = field(default_factory=list)
    mode: Mode = Mode.SCAN
    opens: set[int] = field(default_factory=set)
    """Instruments that it lists although it neither holds nor trades them."""


@dataclass(slots=True)
class Draft:
    """Everything that a batch is laid out from; ``parts`` bring their accounts' records along."""

    world: World
    time_seconds: int
    report: Report | None = None
    parts: list[Part] = field(default_factory=list)
    prices_nanos: dict[int, int] = field(default_factory=dict)
    n_credits: int = 0
    """How many items of the inbox it takes."""
    settling: set[int] = field(default_factory=set)
    """Groups (symbol and expiry) whose positions become cash."""
    life_seconds: int = 300
    symbols: set[str] = field(default_factory=set)
    """Underlyings that it lists beside those that it needs; a report's are all listed."""

    @property
    def state(self) -> State:
        """What it builds on."""
        return self.world.state

    @property
    def not_after_seconds(self) -> int:
        """The last moment for landing."""
        return self.time_seconds + self.life_seconds

    @property
    def items(self) -> list[InboxItem]:
        """The inbox items that it takes."""
        first = self.state.inbox_consumed + 1
        return [self.state.inbox[first + n] for n in range(self.n_credits)]

    def part(self, account: int) -> Part:
        """The section of an account, a new one where there is none."""
        for each in self.parts:
            if each.account == account:
                return each
        self.parts.append(Part(account))
        return self.parts[-1]

    def act(
        self, intent: Intent, fill_micros: int = 0, fee_micros: int = 0, **kwargs: object
    ) -> Act:
        """Add an intent to its account's section."""
        act = Act(intent, fill_micros, fee_micros, **kwargs)  # type: ignore[arg-type]
        self.part(account_id(intent.owner, intent.account)).acts.append(act)
        return act

    def credit_all(self) -> None:
        """Take the whole inbox; every item goes to its account."""
        self.n_credits = self.state.inbox_count - self.state.inbox_consumed
        for index, item in enumerate(self.items):
            symbol = item.symbol.to_bytes(5).rstrip(b"\0").decode()
            part = self.part(account_id(item.owner, item.index))
            part.acts.append(Claim(index, symbol))
            part.mode = Mode.HOLD

    def claim_transfers(self) -> None:
        """Give every transfer's credit to its account, once the sections stand in their order."""
        acts = [act for part in self.parts for act in part.acts if isinstance(act, Act)]
        transfers = [act.intent for act in acts if isinstance(act.intent, Transfer)]
        for index, transfer in enumerate(transfers, self.n_credits):
            target = account_id(transfer.to_owner, transfer.to_account)
            self.part(target).acts.append(Claim(index))

    # Laying out ---------------------------------------------------------------------------

    def entries(self, part: Part) -> list[int]:
        """Instruments that a section lists: what it holds, trades or opens."""
        held = {p.instrument_id for p in self.state.account(part.account).positions}
        moved = {instrument for act in part.acts for instrument in act.instruments}
        return sorted(held | moved | part.opens)

    @property
    def rows(self) -> list[int]:
        """Every instrument that some section lists."""
        return sorted({instrument for part in self.parts for instrument in self.entries(part)})

    def underlyings(self, rows: list[int]) -> tuple[int, ...]:
        """The report's words; without a report only symbols."""
        if self.report:
            return tuple(int.from_bytes(each.word) for each in self.report.underlyings)
        listed = {row >> 88 for row in rows} | set(map(symbol_number, self.symbols))
        return tuple(symbol << 216 for symbol in sorted(listed))

    def batch(self) -> Batch:
        """The batch as a value."""
        rows = self.rows
        numbers = {instrument: number for number, instrument in enumerate(rows)}
        return Batch(
            number=self.state.number + 1,
            parent=self.state.head,
            time_seconds=self.time_seconds,
            not_after_seconds=self.not_after_seconds,
            report_time_seconds=self.report.timestamp_seconds if self.report else 0,
            underlyings=self.underlyings(rows),
            rows=tuple(map(self._row, rows)),
            settling=sum(
                1 << number
                for instrument, number in numbers.items()
                if instrument >> GROUP_SHIFT in self.settling
            ),
            credits=tuple(self.items),
            sections=tuple(self._section(part, numbers) for part in self.parts),
        )

    def proof(self) -> bytes:
        """Evidence that the rows are the report's."""
        rows = self.rows
        return self.report.prove(rows).encode() if self.report and rows else b""

    def submission(self, payload: Batch | bytes | None = None) -> Submission:
        """The batch (or what became of it) with its certificate and the draft's evidence."""
        built = self.batch() if payload is None else payload
        payload = built if isinstance(built, bytes) else built.encode()
        certificate = self.world.certify(payload)
        if self.report is None:
            return Submission(payload, certificate)
        proof = self.proof()
        attestation = self.world.attest(self.report)
        return Submission(payload, certificate, attestation, proof)

    def land(self) -> Reason | None:
        """Land it on both sides; the reason of its refusal, if it is refused."""
        outcome = self.world.land(self.submission())
        return outcome.reason if isinstance(outcome, Rejected) else None

    def _row(self, instrument: int) -> BatchRow:
        price = self.prices_nanos.get(instrument, 0)
        if self.report is None:
            return BatchRow(instrument, price_nanos=price)
        (row,) = (each for each in self.report.rows if each.instrument_id == instrument)
        return BatchRow(instrument, row.mark_micros, price, int.from_bytes(row.risk_word))

    def _section(self, part: Part, numbers: dict[int, int]) -> Section:
        record = self.state.account(part.account)
        return Section(
            account=part.account,
            mode=part.mode,
            cash_micros=record.cash_micros,
            lanes=tuple((lane.floor, lane.bitmap) for lane in record.lanes),
            partials=tuple(partial.words for partial in record.partials),
            entries=tuple((numbers[i], record.quantity_of(i)) for i in self.entries(part)),
            actions=tuple(act.action(numbers, self.world.domain) for act in part.acts),
        )


assert limits.MAX_LEGS == 4, "an order's head has room for four legs"
