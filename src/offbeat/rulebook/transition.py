"""``apply``: the one function that every batch goes through.

It reads as the contract does, top to bottom: header, certificate, report, inbox, accounts, and
what must hold for the whole. The first broken rule ends it, and nothing has changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from offbeat.core import Reason, limits
from offbeat.instruments import Kind
from offbeat.intents import batch_digest, keccak256, report_digest
from offbeat.rulebook.account import apply_section
from offbeat.rulebook.expiry import GROUP_SHIFT
from offbeat.rulebook.forced import may_pass
from offbeat.rulebook.layout import BatchRow, Header
from offbeat.rulebook.reader import PayloadReader
from offbeat.rulebook.records import account_id
from offbeat.rulebook.refusal import Refusal, require
from offbeat.rulebook.report import rows_root
from offbeat.rulebook.state import State, symbol_number, symbol_text
from offbeat.rulebook.work import Credit, Outcome, Quote, Row, Work


@dataclass(frozen=True, slots=True)
class Submission:
    """A batch as it is landed: the certified payload and the evidence for it.

    ``certificate`` is empty where none is needed: see :meth:`State.has_escaped`. ``proof`` is an
    encoded :class:`~offbeat.oracle.Multiproof` of the batch's rows; it and ``attestation`` are
    empty for a batch without a report.
    """

    payload: bytes
    certificate: bytes
    attestation: bytes = b""
    proof: bytes = b""


@dataclass(frozen=True, slots=True)
class Applied:
    """The state after the batch, what became of each intent, and what the lander earned."""

    state: State
    outcomes: tuple[Outcome, ...]
    fees_micros: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The batch is refused; the state is as it was."""

    reason: Reason


def apply(
    state: State, submission: Submission, block_time_seconds: int, lander: bytes
) -> Applied | Rejected:
    """Apply one batch at a block's time for its lander (20 bytes).

    Pure and total: the same arguments give the same result, and no payload makes it raise.
    """
    try:
        return _apply(state, submission, block_time_seconds, lander)
    except Refusal as refusal:
        return Rejected(refusal.reason)


@dataclass(frozen=True, slots=True)
class Fault:
    """A section that breaks a rule, and its action that does, unless it is the account's health."""

    section: int
    action: int | None
    reason: Reason


def inspect(state: State, payload: bytes) -> tuple[Fault, ...] | Rejected:
    """Every section of a batch in the making that would be refused; for whoever builds it.

    Certificate, report evidence and block time are not asked for, and the whole need not balance.
    A faulty section leaves its account as it was; what it has sent or paid in until it failed still
    counts for the ones behind it.
    """
    try:
        reader = PayloadReader(payload)
        require(reader.counts_fit, Reason.PAYLOAD_BOUNDS)
        reader.require_table()
        work = Work(state, reader.header)
        _consume_inbox(work, reader, _read_underlyings(work, reader))
        _read_rows(work, reader)
        return tuple(_faults(work, reader))
    except Refusal as refusal:
        return Rejected(refusal.reason)


def _faults(work: Work, reader: PayloadReader) -> Iterator[Fault]:
    for position in range(reader.header.n_accounts):
        section = reader.section()
        try:
            apply_section(work, section)
        except Refusal as refusal:
            yield Fault(position, refusal.action, refusal.reason)


def _apply(state: State, submission: Submission, block_time_seconds: int, lander: bytes) -> Applied:
    reader = PayloadReader(submission.payload)
    require(reader.header.parent == state.head, Reason.BATCH_PARENT)
    _check_header(state, reader, block_time_seconds)
    payload_hash = keccak256(submission.payload)
    _check_certificate(state, payload_hash, submission.certificate, block_time_seconds)
    reader.require_table()
    work = Work(state, reader.header)
    words = _read_underlyings(work, reader)
    _consume_inbox(work, reader, words)
    rows = _read_rows(work, reader)
    if work.has_report:
        _check_report(work, submission, words, rows)
    for _ in range(reader.header.n_accounts):
        apply_section(work, reader.section())
    reader.finish()
    require(all(credit.claimed for credit in work.credits), Reason.CREDIT_UNCLAIMED)
    require(not any(work.nets.values()), Reason.INSTRUMENT_UNBALANCED)
    require(work.pool_micros >= 0, Reason.CASH_UNBALANCED)
    require(work.due is None or may_pass(work.due, rows), Reason.INBOX_DUE)
    cash = symbol_number(state.rules.cash_symbol)
    after = work.finish(payload_hash, lander, cash, certified=bool(submission.certificate))
    return Applied(after, tuple(work.outcomes), work.pool_micros)


def _check_header(state: State, reader: PayloadReader, block_time_seconds: int) -> None:
    """Rules 1, 4 and 9, as far as time and sequence go."""
    header = reader.header
    require(header.number == state.number + 1, Reason.BATCH_NUMBER)
    life = header.not_after_seconds - header.time_seconds
    require(0 <= life <= limits.MAX_BATCH_LIFE_SECONDS, Reason.BATCH_LIFE)
    early = not state.time_seconds <= header.time_seconds <= block_time_seconds
    require(not early, Reason.BATCH_EARLY)
    require(block_time_seconds <= header.not_after_seconds, Reason.BATCH_LATE)
    require(reader.counts_fit, Reason.PAYLOAD_BOUNDS)
    if header.report_time_seconds:
        _check_report_time(state, header)


def _check_certificate(
    state: State, payload_hash: bytes, certificate: bytes, block_time_seconds: int
) -> None:
    """Rule 2: a quorum of sequencers, or none at all where they let people wait too long."""
    if certificate:
        digest = batch_digest(payload_hash, state.rules.domain)
        require(state.rules.sequencers.verifies(digest, certificate), Reason.CERTIFICATE_INVALID)
    else:
        require(state.has_escaped(block_time_seconds), Reason.CERTIFICATE_INVALID)


def _check_report_time(state: State, header: Header) -> None:
    """Fresh at the batch's last moment, so fresh whenever it lands."""
    require(header.report_time_seconds <= header.time_seconds, Reason.REPORT_EARLY)
    age = header.not_after_seconds - header.report_time_seconds
    require(age <= limits.REPORT_MAX_AGE_SECONDS, Reason.REPORT_STALE)
    require(header.report_time_seconds >= state.report_time_seconds, Reason.REPORT_OLDER)


def _read_underlyings(work: Work, reader: PayloadReader) -> list[int]:
    """The report words of the batch's underlyings, strictly ascending by symbol."""
    words: list[int] = []
    for _ in range(work.header.n_underlyings):
        word = reader.underlying()
        require(word >> 216 > (words[-1] >> 216 if words else 0), Reason.SYMBOL_INVALID)
        words.append(word)
    return words


def _consume_inbox(work: Work, reader: PayloadReader, words: list[int]) -> None:
    """Rule 3: the next items of the inbox, through every one that is due; and what is forced."""
    state = work.state
    for word in words:
        require(word >> 216 in state.underlyings, Reason.SYMBOL_INVALID)
        work.quotes[symbol_text(word >> 216)] = Quote.of(word)
    first = state.inbox_consumed + 1
    given = [reader.credit() for _ in range(work.header.n_credits)]
    for number, item_words in enumerate(given, first):
        item = state.inbox.get(number)
        if item is None or item.words != item_words:
            raise Refusal(Reason.INBOX_MISMATCH)
        target = account_id(item.owner, item.index)
        work.credits.append(Credit(target, item.symbol, item.amount_micros))
    enough = limits.ENOUGH_CREDITS
    if state.forced and state.forced[0].due_at_seconds <= work.header.time_seconds:
        work.due = state.forced[0]
        enough = limits.ENOUGH_BESIDE_FORCED
    waiting = state.inbox.get(first + len(given))
    # A batch may leave due items behind if it takes as many as always fit: otherwise a crowded
    # inbox would stop every batch.
    if waiting is not None and len(given) < enough:
        due_at = waiting.enqueued_at_seconds + limits.INBOX_DELAY_SECONDS
        require(due_at > work.header.time_seconds, Reason.INBOX_DUE)


def _read_rows(work: Work, reader: PayloadReader) -> list[BatchRow]:
    """The instruments that the batch touches, in strictly ascending order."""
    symbols = {symbol_number(symbol) for symbol in work.quotes}
    rows: list[BatchRow] = []
    for index in range(work.header.n_rows):
        row = reader.row()
        previous = rows[-1].instrument_id if rows else 0
        require(row.instrument_id > previous, Reason.ROWS_UNSORTED)
        require(_is_instrument(row.instrument_id), Reason.ROW_INSTRUMENT)
        require(row.instrument_id >> 88 in symbols, Reason.ROW_INSTRUMENT)
        settling = bool(work.header.settling >> index & 1)
        rows.append(row)
        work.rows.append(Row.of(row, settling))
    if work.header.settling:
        _check_settling(work)
    return rows


def _check_settling(work: Work) -> None:
    """Every settling row has its price, and every group of rows settles whole.

    Otherwise the spot that covers a short call could be set free.
    """
    previous: Row | None = None
    for row in work.rows:
        group = row.instrument.id >> GROUP_SHIFT
        require(not row.settling or group in work.state.pots, Reason.ROW_UNSETTLED)
        if previous is not None and previous.instrument.id >> GROUP_SHIFT == group:
            require(row.settling == previous.settling, Reason.ROW_UNSETTLED)
        previous = row


def _is_instrument(instrument: int) -> bool:
    kind = instrument & 0xFF
    expiry = instrument >> 56 & limits.MAX_EXPIRY_SECONDS
    strike = instrument >> 8 & limits.MAX_STRIKE_MICROS
    if kind == Kind.SPOT:
        return expiry == strike == 0
    return kind <= Kind.PUT and expiry > 0 and strike > 0


def _check_report(
    work: Work, submission: Submission, words: list[int], rows: list[BatchRow]
) -> None:
    """Rule 4: a quorum of reporters attests every underlying and row of the batch."""
    root = rows_root(rows, submission.proof)
    require(root is not None, Reason.REPORT_PROOF)
    assert root is not None
    underlyings_hash = keccak256(b"".join(word.to_bytes(32) for word in words))
    rules = work.state.rules
    digest = report_digest(work.header.report_time_seconds, underlyings_hash, root, rules.domain)
    require(rules.reporters.verifies(digest, submission.attestation), Reason.REPORT_QUORUM)
