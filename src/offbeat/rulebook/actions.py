"""What an owner signed besides orders, and the credits that it receives: rule 6."""

from offbeat.core import Reason, limits
from offbeat.intents import Cancel, Delegate, Intent, Transfer, Withdraw, intent_hash
from offbeat.rulebook.chain_events import next_grant
from offbeat.rulebook.desk import Desk
from offbeat.rulebook.layout import Action, ActionKind
from offbeat.rulebook.orders import apply_order
from offbeat.rulebook.records import account_id, is_insurance
from offbeat.rulebook.refusal import Refusal, require
from offbeat.rulebook.signing import SCOPES, check_signature
from offbeat.rulebook.state import symbol_number, symbol_text
from offbeat.rulebook.work import Credit, Outcome, Work

_LOW_64 = (1 << 64) - 1
_LOW_40 = (1 << 40) - 1
_LOW_32 = (1 << 32) - 1
_SCOPE_ALL = 15


def apply_action(work: Work, desk: Desk, action: Action) -> None:
    """Apply one action to the desk of its account."""
    match action.kind:
        case ActionKind.CREDIT:
            _apply_credit(work, desk, action)
        case ActionKind.ORDER:
            apply_order(work, desk, action)
        case _ if desk.is_liquidation:
            raise Refusal(Reason.ACTION_UNKNOWN)
        case ActionKind.CANCEL | ActionKind.WITHDRAW | ActionKind.TRANSFER | ActionKind.DELEGATE:
            _apply_signed(work, desk, action)
        case _:
            raise Refusal(Reason.ACTION_UNKNOWN)


def _apply_credit(work: Work, desk: Desk, action: Action) -> None:
    index = action.second_byte
    require(index < len(work.credits), Reason.CREDIT_UNKNOWN)
    credit = work.credits[index]
    require(not credit.claimed and credit.account == desk.account, Reason.CREDIT_UNKNOWN)
    if credit.is_cover:
        require(desk.is_liquidation, Reason.CREDIT_UNKNOWN)
        desk.covered_micros += credit.amount_micros
    if credit.symbol == symbol_number(work.state.rules.cash_symbol):
        desk.cash_micros += credit.amount_micros
    else:
        row = _spot_row(work, action.first_byte, credit.symbol)
        desk.move(work, row, credit.amount_micros)
    credit.claimed = True


def _spot_row(work: Work, row: int, symbol: int) -> int:
    """The row, which must hold the spot of the underlying with this symbol."""
    require(row < len(work.rows), Reason.ASSET_UNKNOWN)
    require(work.rows[row].instrument.id == symbol << 88, Reason.ASSET_UNKNOWN)
    return row


def _apply_signed(work: Work, desk: Desk, action: Action) -> None:
    """A cancel, withdrawal, transfer or delegation."""
    kind = ActionKind(action.kind)
    amount = action.fourth >> 128
    symbol = action.third >> 56 & _LOW_40
    spot_row: int | None = None
    if kind in (ActionKind.WITHDRAW, ActionKind.TRANSFER):
        require(0 < amount <= limits.MAX_DEPOSIT_MICROS, Reason.AMOUNT_INVALID)
        require(action.third >> 96 != 0, Reason.AMOUNT_INVALID)
    if kind is ActionKind.WITHDRAW and symbol != symbol_number(work.state.rules.cash_symbol):
        spot_row = _spot_row(work, action.first_byte, symbol)
    valid_until = action.terms >> 128 & _LOW_64
    require(work.header.not_after_seconds <= valid_until, Reason.EXPIRED)
    intent = _intent(desk, action)
    digest = intent_hash(intent, work.state.rules.domain)
    if not (kind is ActionKind.TRANSFER and is_insurance(desk.owner) and not intent.max_fee_micros):
        check_signature(work, desk, action, digest, SCOPES[kind])
    work.serve(digest)
    if isinstance(intent, Delegate):
        _apply_delegate(work, intent)
    require(action.fee_micros <= action.max_fee_micros, Reason.FEE_ABOVE_MAX)
    if isinstance(intent, Withdraw):
        _apply_withdraw(work, desk, intent, spot_row)
    elif isinstance(intent, Transfer):
        _apply_transfer(work, desk, intent)
    desk.charge(work, action.fee_micros)
    if not (isinstance(intent, Cancel) and desk.cancel_partial(intent.nonce)):
        desk.spend(intent.nonce)
    is_signed = not is_insurance(desk.owner)
    work.outcomes.append(
        Outcome(digest, desk.account, kind, action.fee_micros, is_signed=is_signed)
    )


def _intent(desk: Desk, action: Action) -> Intent:
    """The intent that an action's words say was signed."""
    owner, account = desk.owner, desk.index
    nonce, fee = action.nonce, action.max_fee_micros
    until = action.terms >> 128 & _LOW_64
    party = (action.third >> 96).to_bytes(20)
    number = action.third >> 64 & _LOW_32
    amount = action.fourth >> 128
    if action.kind == ActionKind.DELEGATE:
        _check_delegate(owner, party, number, action.third & _LOW_64)
    match action.kind:
        case ActionKind.CANCEL:
            return Cancel(
                owner=owner,
                account=account,
                nonce=nonce,
                valid_until_seconds=until,
                max_fee_micros=fee,
            )
        case ActionKind.WITHDRAW:
            return Withdraw(
                owner=owner,
                account=account,
                to=party,
                asset=symbol_text(action.third >> 56 & _LOW_40),
                amount_micros=amount,
                nonce=nonce,
                valid_until_seconds=until,
                max_fee_micros=fee,
            )
        case ActionKind.TRANSFER:
            return Transfer(
                owner=owner,
                account=account,
                to_owner=party,
                to_account=number,
                amount_micros=amount,
                nonce=nonce,
                valid_until_seconds=until,
                max_fee_micros=fee,
            )
        case _:
            return Delegate(
                owner=owner,
                account=account,
                delegate=party,
                scope=number,
                expires_seconds=action.third & _LOW_64,
                nonce=nonce,
                valid_until_seconds=until,
                max_fee_micros=fee,
            )


def _check_delegate(owner: bytes, key: bytes, scope: int, expires_seconds: int) -> None:
    """What is wrong with a grant whatever the state."""
    require(key not in (bytes(20), owner), Reason.DELEGATE_INVALID)
    require(expires_seconds == 0 or 0 < scope <= _SCOPE_ALL, Reason.DELEGATE_INVALID)


def _apply_delegate(work: Work, intent: Delegate) -> None:
    parties = (intent.owner, intent.delegate)
    grant = next_grant(
        work.delegation(*parties),
        intent.scope,
        intent.expires_seconds,
        work.header.not_after_seconds,
    )
    if grant is None:
        raise Refusal(Reason.DELEGATE_INVALID)
    work.grants[parties] = grant


def _apply_withdraw(work: Work, desk: Desk, intent: Withdraw, spot_row: int | None) -> None:
    require(len(work.payments) < limits.MAX_WITHDRAWALS, Reason.PAYLOAD_BOUNDS)
    work.payments.append((intent.to, symbol_number(intent.asset), intent.amount_micros))
    if spot_row is None:
        desk.cash_micros -= intent.amount_micros
    else:
        desk.move(work, spot_row, -intent.amount_micros)


def _apply_transfer(work: Work, desk: Desk, intent: Transfer) -> None:
    require(len(work.credits) < limits.MAX_CREDITS, Reason.PAYLOAD_BOUNDS)
    desk.cash_micros -= intent.amount_micros
    target = account_id(intent.to_owner, intent.to_account)
    cash = symbol_number(work.state.rules.cash_symbol)
    work.credits.append(
        Credit(target, cash, intent.amount_micros, is_cover=is_insurance(desk.owner))
    )
