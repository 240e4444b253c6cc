"""Reads ``settle`` calldata and batch payloads, word by word as ``docs/protocol.md`` draws them.

What a trader signed comes out as the EIP-712 message that the wallet showed, so nothing stands
between the calldata and the signature but this file.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from sha3 import keccak_256

from offbeat.core import limits
from offbeat.sim.audit.payload import (
    CANCEL,
    CREDIT,
    DELEGATE,
    ORDER,
    SPOT,
    TRANSFER,
    WITHDRAW,
    Action,
    Batch,
    Credit,
    Instrument,
    Lane,
    Partial,
    Row,
    Section,
    Settle,
    Underlying,
)

KINDS: Final = ("spot", "call", "put")
_DEPOSIT: Final = 1
_SETTLE: Final = b"settle(bytes,bytes,bytes,bytes)"
_FLAG_WORDS: Final = 2


class Malformed(Exception):
    """Bytes that are no batch."""


class Words:
    """A payload's words, taken one after another."""

    def __init__(self, payload: bytes) -> None:
        if len(payload) % 32:
            raise Malformed("a payload is whole words")
        self._payload = payload
        self._at = 0

    def take(self) -> int:
        """The next one; raises :class:`Malformed` after the last."""
        word = _slice(self._payload, self._at, 32)
        self._at += 32
        return int.from_bytes(word)

    @property
    def at_end(self) -> bool:
        """Whether all are taken."""
        return self._at == len(self._payload)


def read_calldata(data: bytes) -> Settle:
    """The arguments of a ``settle`` call; raises :class:`Malformed`."""
    if data[:4] != keccak256(_SETTLE)[:4]:
        raise Malformed("not a call of settle")
    arguments = data[4:]

    def number(at: int) -> int:
        return int.from_bytes(_slice(arguments, at, 32))

    def dynamic(argument: int) -> bytes:
        at = number(32 * argument)
        return _slice(arguments, at + 32, number(at))

    proof = dynamic(3)
    words = [proof[at : at + 32] for at in range(0, len(proof), 32)]
    flag_words = map(int.from_bytes, words[:_FLAG_WORDS])
    return Settle(
        payload=dynamic(0),
        certificate=dynamic(1),
        attestation=dynamic(2),
        proof=tuple(words[_FLAG_WORDS:]),
        proof_flags=tuple(bool(word >> bit & 1) for word in flag_words for bit in range(256)),
    )


def read_payload(payload: bytes) -> Batch:
    """The batch in a payload; raises :class:`Malformed`."""
    words = Words(payload)
    try:
        batch = _read_batch(words, keccak256(payload))
    except IndexError as error:
        raise Malformed("a row that is not there") from error
    if not words.at_end:
        raise Malformed("a payload that goes on after its last account")
    return batch


def _read_batch(words: Words, payload_hash: bytes) -> Batch:
    parent = words.take().to_bytes(32)
    number, time, not_after, report_time, *counts, _ = split(
        words.take(), 48, 40, 40, 40, 8, 8, 8, 8, 56
    )
    n_underlyings, n_rows, n_credits, n_accounts = counts
    _bound(n_underlyings, limits.MAX_UNDERLYINGS)
    _bound(n_rows, limits.MAX_ROWS)
    _bound(n_credits, limits.MAX_CREDITS)
    _bound(n_accounts, limits.MAX_ACCOUNTS)
    settling = words.take()
    underlyings = [_read_underlying(words.take()) for _ in range(n_underlyings)]
    items = tuple(read_credit(words.take(), words.take()) for _ in range(n_credits))
    rows = [_read_row(words.take(), words.take() if report_time else None) for _ in range(n_rows)]
    _ascend([row.instrument.id for row in rows])
    _ascend([each.word >> 216 for each in underlyings])
    return Batch(
        hash=payload_hash,
        parent=parent,
        number=number,
        time_seconds=time,
        not_after_seconds=not_after,
        report_seconds=report_time,
        underlyings={each.symbol: each for each in underlyings},
        credits=items,
        rows={row.instrument: row for row in rows},
        settling=frozenset(row.instrument for r, row in enumerate(rows) if settling >> r & 1),
        sections=tuple(_read_section(words, rows) for _ in range(n_accounts)),
    )


def _read_underlying(word: int) -> Underlying:
    symbol, spot, tick, short_min, _ = split(word, 40, 64, 64, 32, 56)
    return Underlying(symbol_text(symbol), spot, tick, short_min, word)


def _read_row(word: int, risk_word: int | None) -> Row:
    instrument_id, mark, price = split(word, 128, 64, 64)
    losses = () if risk_word is None else tuple(x - 2**15 for x in split(risk_word, *[16] * 16))
    # Scenario 0 stands in the lowest bits, and `split` begins with the highest.
    instrument = read_instrument(instrument_id)
    return Row(instrument, mark, signed(price, 64), losses[::-1], risk_word or 0)


def _read_section(words: Words, rows: list[Row]) -> Section:
    account, n_lanes, n_partials, n_entries, n_actions, mode, _ = split(
        words.take(), 192, 8, 8, 8, 8, 8, 24
    )
    _bound(n_lanes, limits.MAX_LANES)
    _bound(n_partials, limits.MAX_PARTIALS)
    _bound(n_entries, limits.MAX_ENTRIES)
    _bound(n_actions, limits.MAX_ACTIONS)
    cash = signed(words.take(), 256)
    lanes = tuple(Lane(words.take(), words.take()) for _ in range(n_lanes))
    partials = tuple(_read_partial(words.take(), words.take()) for _ in range(n_partials))
    slots = [slot for _ in range(-(-n_entries // 4)) for slot in split(words.take(), *[64] * 4)]
    entries = [split(slot, 8, 56) for slot in slots[:n_entries]]
    positions = {rows[row].instrument: signed(quantity, 56) for row, quantity in entries}
    _ascend([row for row, _ in entries])
    actions = tuple(_read_action(words, rows, account) for _ in range(n_actions))
    return Section(account, owner_of(account), mode, cash, lanes, partials, positions, actions)


def _read_partial(word: int, intent_hash: int) -> Partial:
    nonce, filled, valid_until, _ = split(word, 64, 64, 64, 64)
    return Partial(nonce, filled, valid_until, intent_hash.to_bytes(32))


def _read_action(words: Words, rows: list[Row], account: int) -> Action:
    kind, byte_a, byte_b, fill, fee, leg_bits, _ = split(words.take(), 8, 8, 8, 64, 64, 96, 8)
    terms, subject, amount, r, vs = (words.take() for _ in range(5))
    signer = {"owner": owner_of(account), "account": account & 0xFFFFFFFF}
    if kind == CREDIT:
        return Action(kind, credit=byte_b)
    if kind != ORDER:
        type_, message = _account_action(kind, terms, subject, amount)
        return Action(kind, type_, signer | message, fee_micros=fee, r=r, vs=vs)
    _bound(byte_b, limits.MAX_LEGS)
    pairs = [split(leg, 8, 16) for leg in split(leg_bits, *[24] * 4)[:byte_b]]
    legs = tuple((rows[row], signed(ratio, 16)) for row, ratio in pairs)
    message = signer | _order(legs, bool(byte_a & 1), terms, subject, amount)
    return Action(kind, "Order", message, legs, fill, fee, r=r, vs=vs)


def _order(
    legs: tuple[tuple[Row, int], ...], reduce_only: bool, terms: int, bounds: int, spots: int
) -> dict[str, Any]:
    quantity, min_fill, nonce, max_fee = split(terms, 64, 64, 64, 64)
    limit, valid_from, valid_until = split(bounds, 128, 64, 64)
    spot_min, spot_max = split(spots, 128, 128)
    return {
        "legs": [{"instrument": _signed_terms(row.instrument), "ratio": n} for row, n in legs],
        "quantity": quantity,
        "minFill": min_fill,
        "limit": signed(limit, 128),
        "nonce": nonce,
        "validFrom": valid_from,
        "validUntil": valid_until,
        "spotMin": spot_min,
        "spotMax": spot_max,
        "maxFee": max_fee,
        "reduceOnly": reduce_only,
    }


def _account_action(kind: int, terms: int, subject: int, amount: int) -> tuple[str, dict[str, Any]]:
    _, valid_until, nonce, max_fee = split(terms, 64, 64, 64, 64)
    envelope = {"nonce": nonce, "validUntil": valid_until, "maxFee": max_fee}
    amount_micros, _ = split(amount, 128, 128)
    if kind == CANCEL:
        return "Cancel", envelope
    if kind == WITHDRAW:
        to, symbol, _ = split(subject, 160, 40, 56)
        own = {"to": to.to_bytes(20), "asset": symbol_text(symbol), "amount": amount_micros}
        return "Withdraw", envelope | own
    if kind == TRANSFER:
        to_owner, to_account, _ = split(subject, 160, 32, 64)
        own = {"toOwner": to_owner.to_bytes(20), "toAccount": to_account, "amount": amount_micros}
        return "Transfer", envelope | own
    if kind == DELEGATE:
        delegate, scope, expires = split(subject, 160, 32, 64)
        own = {"delegate": delegate.to_bytes(20), "scope": scope, "expires": expires}
        return "Delegate", envelope | own
    raise Malformed(f"an action of unknown kind {kind}")


def _signed_terms(instrument: Instrument) -> dict[str, Any]:
    return {
        "underlying": instrument.symbol,
        "kind": KINDS[instrument.kind],
        "expiry": instrument.expiry_seconds,
        "strike": instrument.strike_micros,
    }


def read_credit(head: int, body: int) -> Credit:
    """An inbox item from its two words; raises :class:`Malformed`."""
    account, symbol, kind, _ = split(head, 192, 40, 8, 16)
    amount, enqueued, _ = split(body, 128, 64, 64)
    if kind != _DEPOSIT:
        raise Malformed(f"an inbox item of unknown kind {kind}")
    return Credit(account, symbol_text(symbol), amount, enqueued, (head, body))


def read_instrument(instrument_id: int) -> Instrument:
    """The terms in an id; raises :class:`Malformed` where they are none."""
    symbol, expiry, strike, kind = split(instrument_id, 40, 32, 48, 8)
    is_spot = kind == SPOT and not expiry and not strike
    is_option = SPOT < kind < len(KINDS) and expiry and strike
    if not symbol or not (is_spot or is_option):
        raise Malformed(f"no instrument has the id {instrument_id:#x}")
    return Instrument(instrument_id, symbol_text(symbol), expiry, strike, kind)


def owner_of(account: int) -> bytes:
    """The owner's address in an account id."""
    return (account >> 32).to_bytes(20)


def symbol_text(number: int) -> str:
    """A symbol from its five bytes; raises :class:`Malformed`."""
    try:
        return number.to_bytes(5).rstrip(b"\0").decode("ascii")
    except (OverflowError, UnicodeDecodeError) as error:
        raise Malformed(f"no symbol: {number:#x}") from error


def split(word: int, *widths: int) -> list[int]:
    """The fields of a word, the highest first; ``widths`` in bits."""
    position = sum(widths)
    fields = []
    for width in widths:
        position -= width
        fields.append(word >> position & (1 << width) - 1)
    return fields


def signed(number: int, bits: int) -> int:
    """Two's complement."""
    return number - (1 << bits) if number >> bits - 1 else number


def keccak256(data: bytes) -> bytes:
    """The hash of everything."""
    digest: bytes = keccak_256(data).digest()
    return digest


def _ascend(numbers: Sequence[int]) -> None:
    if any(a >= b for a, b in pairwise(numbers)):
        raise Malformed("rows, underlyings and entries ascend")


def _bound(count: int, most: int) -> None:
    if count > most:
        raise Malformed(f"{count} where {most} is the most")


def _slice(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise Malformed("bytes that break off")
    return data[at : at + length]
