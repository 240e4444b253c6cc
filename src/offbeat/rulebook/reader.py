"""Unpacks a payload in the order in which the contract does, with the same refusals."""

from offbeat.core import Reason, limits, to_signed
from offbeat.rulebook.layout import (
    ACTION_BYTES,
    ENTRIES_PER_WORD,
    HEADER_BYTES,
    WORD,
    Action,
    Batch,
    BatchRow,
    Header,
    InboxItem,
    Mode,
    Section,
)
from offbeat.rulebook.refusal import Refusal, require

_MAX_COUNTS = (
    limits.MAX_UNDERLYINGS,
    limits.MAX_ROWS,
    limits.MAX_CREDITS,
    limits.MAX_ACCOUNTS,
)


class PayloadReader:
    """A cursor over the words of one payload; each method reads the part that comes next."""

    def __init__(self, payload: bytes) -> None:
        require(len(payload) % WORD == 0 and len(payload) >= HEADER_BYTES, Reason.PAYLOAD_LENGTH)
        require(len(payload) <= limits.MAX_PAYLOAD_BYTES, Reason.PAYLOAD_LENGTH)
        self._payload = payload
        self._at = 0
        first, packed, settling = self._words(3)
        self.header = Header(
            parent=first.to_bytes(32),
            number=packed >> 208,
            time_seconds=packed >> 168 & 0xFFFFFFFFFF,
            not_after_seconds=packed >> 128 & 0xFFFFFFFFFF,
            report_time_seconds=packed >> 88 & 0xFFFFFFFFFF,
            n_underlyings=packed >> 80 & 0xFF,
            n_rows=packed >> 72 & 0xFF,
            n_credits=packed >> 64 & 0xFF,
            n_accounts=packed >> 56 & 0xFF,
            settling=settling,
        )

    @property
    def counts_fit(self) -> bool:
        """Whether the header's four counts are within their bounds."""
        header = self.header
        counts = (header.n_underlyings, header.n_rows, header.n_credits, header.n_accounts)
        return all(count <= bound for count, bound in zip(counts, _MAX_COUNTS, strict=True))

    def require_table(self) -> None:
        """The underlyings, rows and credits must all be there."""
        header = self.header
        row_words = 2 if header.report_time_seconds else 1
        n_words = header.n_underlyings + header.n_rows * row_words + header.n_credits * 2
        self._require_bytes(n_words * WORD)

    def underlying(self) -> int:
        """The next underlying's report word."""
        return self._words(1)[0]

    def row(self) -> BatchRow:
        """The next row, with its risk word where there is a report."""
        word = self._words(1)[0]
        return BatchRow(
            instrument_id=word >> 128,
            mark_micros=word >> 64 & 0xFFFFFFFFFFFFFFFF,
            price_nanos=to_signed(word & 0xFFFFFFFFFFFFFFFF, 64),
            risk_word=self._words(1)[0] if self.header.report_time_seconds else 0,
        )

    def credit(self) -> tuple[int, int]:
        """The two words of the next inbox item."""
        head, body = self._words(2)
        return head, body

    def section(self) -> Section:
        """The next account's section."""
        self._require_bytes(2 * WORD)
        head, cash = self._words(2)
        n_lanes, n_partials, n_entries, n_actions, mode = (
            head >> shift & 0xFF for shift in (56, 48, 40, 32, 24)
        )
        require(
            n_lanes <= limits.MAX_LANES
            and n_partials <= limits.MAX_PARTIALS
            and n_entries <= limits.MAX_ENTRIES
            and n_actions <= limits.MAX_ACTIONS
            and mode <= max(Mode),
            Reason.PAYLOAD_BOUNDS,
        )
        entry_words = -(-n_entries // ENTRIES_PER_WORD)
        self._require_bytes(
            (2 * (n_lanes + n_partials) + entry_words) * WORD + n_actions * ACTION_BYTES
        )
        return Section(
            account=head >> 64,
            mode=mode,
            cash_micros=to_signed(cash, 256),
            lanes=tuple(self._pair() for _ in range(n_lanes)),
            partials=tuple(self._pair() for _ in range(n_partials)),
            entries=self._entries(n_entries, entry_words),
            actions=tuple(Action(*self._words(6)) for _ in range(n_actions)),
        )

    def finish(self) -> None:
        """Nothing may follow the last section."""
        require(self._at == len(self._payload), Reason.PAYLOAD_LENGTH)

    def _entries(self, n_entries: int, n_words: int) -> tuple[tuple[int, int], ...]:
        packed = [word >> shift for word in self._words(n_words) for shift in (192, 128, 64, 0)]
        return tuple(
            (entry >> 56 & 0xFF, to_signed(entry & 0xFFFFFFFFFFFFFF, 56))
            for entry in packed[:n_entries]
        )

    def _pair(self) -> tuple[int, int]:
        first, second = self._words(2)
        return first, second

    def _words(self, count: int) -> tuple[int, ...]:
        start, self._at = self._at, self._at + count * WORD
        return tuple(
            int.from_bytes(self._payload[at : at + WORD]) for at in range(start, self._at, WORD)
        )

    def _require_bytes(self, count: int) -> None:
        require(self._at + count <= len(self._payload), Reason.PAYLOAD_LENGTH)


def decode(payload: bytes) -> Batch | Reason:
    """The batch in a payload, or why it is malformed. What it says is not judged here."""
    try:
        reader = PayloadReader(payload)
        require(reader.counts_fit, Reason.PAYLOAD_BOUNDS)
        reader.require_table()
        header = reader.header
        batch = Batch(
            number=header.number,
            parent=header.parent,
            time_seconds=header.time_seconds,
            not_after_seconds=header.not_after_seconds,
            report_time_seconds=header.report_time_seconds,
            underlyings=tuple(reader.underlying() for _ in range(header.n_underlyings)),
            credits=tuple(_item(*reader.credit()) for _ in range(header.n_credits)),
            rows=tuple(reader.row() for _ in range(header.n_rows)),
            settling=header.settling,
            sections=tuple(reader.section() for _ in range(header.n_accounts)),
        )
        reader.finish()
    except Refusal as refusal:
        return refusal.reason
    return batch


def _item(head: int, body: int) -> InboxItem:
    return InboxItem(
        owner=(head >> 96).to_bytes(20),
        index=head >> 64 & 0xFFFFFFFF,
        symbol=head >> 24 & 0xFFFFFFFFFF,
        amount_micros=body >> 128,
        enqueued_at_seconds=body >> 64 & 0xFFFFFFFFFFFFFFFF,
    )
