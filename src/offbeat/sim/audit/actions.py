"""Judges everything that one account does in one batch, and books it."""

from collections.abc import Callable, Mapping
from typing import Final

from offbeat.core import limits
from offbeat.sim.audit.books import Grant, spot_of
from offbeat.sim.audit.desk import Desk
from offbeat.sim.audit.orders import book_order
from offbeat.sim.audit.payload import (
    CANCEL,
    CREDIT,
    DELEGATE,
    ORDER,
    TRANSFER,
    WITHDRAW,
    Action,
    Credit,
)
from offbeat.sim.audit.signatures import recover

SCOPES: Final = {"Order": 1, "Cancel": 2, "Withdraw": 4, "Transfer": 8}
"""Scope bit by type; no key may sign a Delegate for its owner."""
ALL_SCOPES: Final = 15
_NOBODY: Final = bytes(20)


def book_action(desk: Desk, action: Action) -> None:
    """Judge one action, and move what it moves."""
    if action.kind == CREDIT:
        _book_credit(desk, action)
        return
    intent_hash = desk.domain.digest(action.type, action.message)
    if not (desk.is_liquidation and action.kind == ORDER):
        _check_signer(desk, action, intent_hash)
    in_time = desk.batch.not_after_seconds <= action.message["validUntil"]
    desk.expect("intents_in_time", in_time, "may settle after validUntil")
    if action.kind == ORDER:
        book_order(desk, action, intent_hash)
        return
    _EFFECTS[action.kind](desk, action)
    desk.charge_fee(action.fee_micros, action.message["maxFee"])
    _spend(desk, action, intent_hash)
    desk.flows.done.add(intent_hash)


def _check_signer(desk: Desk, action: Action, intent_hash: bytes) -> None:
    """The owner signed, or a key whose grant outlives the batch."""
    owner = action.message["owner"]
    signer = recover(intent_hash, action.r, action.vs) or _NOBODY
    grant = desk.books.grants.get((owner, signer), Grant())
    permitted = (
        grant.scope & SCOPES.get(action.type, 0) != 0
        and grant.expires_seconds >= desk.batch.not_after_seconds
    )
    holds = signer != _NOBODY and (signer == owner or permitted)
    holds = (holds or _is_free_cover(action)) and not desk.is_liquidation
    desk.expect("intents_signed", holds, f"{action.type} by 0x{signer.hex()}")


def _is_insurance(owner: bytes) -> bool:
    return int.from_bytes(owner) == limits.INSURANCE_OWNER


def _is_free_cover(action: Action) -> bool:
    """What the insurance fund gives needs no signature: see who may claim it."""
    message = action.message
    return action.kind == TRANSFER and _is_insurance(message["owner"]) and not message["maxFee"]


def _spend(desk: Desk, action: Action, intent_hash: bytes) -> None:
    """Spend the nonce, unless it cancels an order that did and still has something left."""
    nonce, history, record = action.message["nonce"], desk.books.history, desk.record
    if action.kind == CANCEL:
        history.cancelled.add((record.account, nonce))
        if record.forget(nonce):
            history.filled_micros[intent_hash] += 0
            return
    fresh = record.spend(nonce) and history.claim(record.account, nonce, intent_hash)
    desk.expect("settled_once", fresh, f"nonce {nonce:#x}")
    history.filled_micros[intent_hash] += 0


def _book_cancel(_desk: Desk, _action: Action) -> None:
    """A cancellation does nothing but spend its nonce."""


def _book_withdrawal(desk: Desk, action: Action) -> None:
    message, books = action.message, desk.books
    asset, amount = message["asset"], message["amount"]
    known = asset in books.assets
    _check_amount(desk, amount, known and message["to"] != _NOBODY, f"{message}")
    if asset == books.cash_symbol:
        desk.record.cash_micros -= amount
    else:
        desk.move(spot_of(asset), -amount)
    desk.flows.owed[message["to"], asset] += amount


def _book_transfer(desk: Desk, action: Action) -> None:
    message = action.message
    amount = message["amount"]
    _check_amount(desk, amount, message["toOwner"] != _NOBODY, f"{message}")
    desk.record.cash_micros -= amount
    account = int.from_bytes(message["toOwner"]) << 32 | message["toAccount"]
    is_cover = _is_insurance(message["owner"])
    desk.flows.credits.append(Credit(account, desk.books.cash_symbol, amount, is_cover=is_cover))


def _check_amount(desk: Desk, amount: int, others: bool, fault: str) -> None:
    in_bounds = 0 < amount <= limits.MAX_DEPOSIT_MICROS
    desk.expect("intents_well_formed", in_bounds and others, fault)


def _book_delegation(desk: Desk, action: Action) -> None:
    message, now = action.message, desk.batch.not_after_seconds
    owner, key = message["owner"], message["delegate"]
    wanted = Grant(message["scope"], message["expires"])
    holds = key not in (_NOBODY, owner)
    holds = holds and (not wanted.expires_seconds or 0 < wanted.scope <= ALL_SCOPES)
    desk.expect("intents_well_formed", holds, f"{message}")
    grant = desk.books.grants.get((owner, key), Grant()).followed_by(wanted, now)
    desk.expect(
        "grants_signed", grant is not None, f"a live grant is cut, or one is over: {message}"
    )
    desk.books.grants[owner, key] = grant or wanted
    desk.flows.granted.append((owner, key, grant or wanted))


def _book_credit(desk: Desk, action: Action) -> None:
    index, credits, claimed = action.credit, desk.flows.credits, desk.flows.claimed
    mine = index < len(credits) and credits[index].account == desk.record.account
    if not desk.expect("inbox_in_order", mine and index not in claimed, f"claims credit {index}"):
        return
    claimed.add(index)
    credit = credits[index]
    if credit.is_cover:
        desk.expect("liquidations_fair", desk.is_liquidation, f"the fund pays {credit}")
        desk.covered_micros += credit.amount_micros
    if credit.symbol == desk.books.cash_symbol:
        desk.record.cash_micros += credit.amount_micros
    else:
        desk.move(spot_of(credit.symbol), credit.amount_micros)


_EFFECTS: Final[Mapping[int, Callable[[Desk, Action], None]]] = {
    CANCEL: _book_cancel,
    WITHDRAW: _book_withdrawal,
    TRANSFER: _book_transfer,
    DELEGATE: _book_delegation,
}
