"""Who signed an action, and whether that key may act for the account."""

from offbeat.core import InvalidInput, Reason
from offbeat.intents import Scope, recover
from offbeat.rulebook.desk import Desk
from offbeat.rulebook.layout import Action, ActionKind
from offbeat.rulebook.refusal import Refusal, require
from offbeat.rulebook.work import Work

SCOPES = {
    ActionKind.ORDER: Scope.ORDER,
    ActionKind.CANCEL: Scope.CANCEL,
    ActionKind.WITHDRAW: Scope.WITHDRAW,
    ActionKind.TRANSFER: Scope.TRANSFER,
    ActionKind.DELEGATE: Scope(0),
}
"""What a delegate needs to sign each kind; nothing lets it delegate."""


def check_signature(work: Work, desk: Desk, action: Action, digest: bytes, scope: Scope) -> None:
    """Refuse unless the account's owner, or a permitted key, signed the intent with this hash."""
    try:
        signer = recover(digest, action.signature)
    except InvalidInput as error:
        raise Refusal(Reason.SIGNATURE_INVALID) from error
    if signer != desk.owner:
        grant = work.delegation(desk.owner, signer)
        permitted = (
            grant is not None
            and grant.scope & scope != 0
            and grant.expires_seconds >= work.header.not_after_seconds
        )
        require(permitted, Reason.SIGNER_UNAUTHORISED)
