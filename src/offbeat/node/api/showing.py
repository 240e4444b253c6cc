"""What the store and the state know, as the API shows it."""

from typing import Any, cast

from msgspec import Raw, Struct, json

from offbeat.core import limits
from offbeat.core.store_port import Store, StoredIntent
from offbeat.instruments import Instrument
from offbeat.intents import Lane, split_nonce
from offbeat.node.service import Service
from offbeat.rulebook import Account
from offbeat.wire import AccountView, Balance, IntentView, account_to_json


class _Kept(Struct, rename="camel"):
    """A stored intent's text, taken apart no further than it is shown."""

    primary_type: str
    message: Raw
    signature: str


class _Nonce(Struct):
    nonce: int | str


class _KeptNonce(Struct):
    message: _Nonce


_read_kept = json.Decoder(_Kept).decode
_read_nonce = json.Decoder(_KeptNonce).decode


def intent_view(row: StoredIntent) -> IntentView:
    """An intent as it stands; its message stays the text that it was stored as."""
    kept = _read_kept(row.signed)
    return IntentView(
        intent_hash=f"0x{row.intent_hash.hex()}",
        account_id=f"0x{row.account.hex()}",
        kind=kept.primary_type,
        status=row.status.name.lower(),
        reason=row.reason,
        filled_micros=str(row.filled_micros),
        paid_micros=str(row.paid_micros),
        fee_micros=str(row.fee_micros),
        batch_hash=hash_text(row.batch_hash),
        received_seconds=str(row.recorded_seconds),
        changed_seconds=str(row.changed_seconds),
        cursor=str(row.changed),
        message=cast(dict[str, Any], kept.message),
        signature=kept.signature,
    )


def hash_text(value: bytes | None) -> str | None:
    """A hash in hexadecimal, None where there is none."""
    return None if value is None else f"0x{value.hex()}"


async def describe_account(service: Service, account: int) -> AccountView:
    """An account: its record, what of it is final, and which nonces are free."""
    view, rows = service.view, await all_open(service.store, account)
    record = view.settled.account(account)
    return AccountView(
        account_id=f"{account:#050x}",
        record=account_to_json(record),
        balances=_balances(record, view.final.account(account), service.rules.cash_symbol),
        next_numbers=_next_numbers(record.lanes, rows),
        open_intents=len(rows),
        batch_number=str(view.settled.number),
        block_number=str(view.block.number),
    )


async def all_open(store: Store, account: int) -> list[StoredIntent]:
    """Every open intent of an account; the relay bounds how many there can be."""
    rows: list[StoredIntent] = []
    while page := await store.open_intents(
        account=account.to_bytes(24), after=rows[-1] if rows else None
    ):
        rows += page
    return rows


def _balances(settled: Account, final: Account, cash_symbol: str) -> list[Balance]:
    latest, safe = _holdings(settled, cash_symbol), _holdings(final, cash_symbol)
    return [
        Balance(asset, str(available), str(micros - available))
        for asset, micros in latest.items()
        for available in [min(micros, safe.get(asset, 0))]
    ]


def _holdings(record: Account, cash_symbol: str) -> dict[str, int]:
    """What can be withdrawn in principle: cash and spot."""
    spot = {
        Instrument.from_id(position.instrument_id).underlying: position.quantity_micros
        for position in record.positions
        if position.instrument_id & ((1 << 88) - 1) == 0
    }
    return {cash_symbol: record.cash_micros} | spot


def _next_numbers(lanes: tuple[Lane, ...], open_rows: list[StoredIntent]) -> list[str]:
    """Lane by lane, with the one that would be created next."""
    used = {int(_read_nonce(row.signed).message.nonce) for row in open_rows}
    created = max((split_nonce(nonce)[0] + 1 for nonce in used), default=0)
    n_lanes = min(max(len(lanes), created) + 1, limits.MAX_LANES)
    numbers = []
    for index in range(n_lanes):
        lane = lanes[index] if index < len(lanes) else Lane()
        number = lane.floor
        while (
            lane.bitmap >> (number - lane.floor) & 1
            or (index << limits.LANE_SHIFT | number) in used
        ):
            number += 1
        numbers.append(str(number))
    return numbers
