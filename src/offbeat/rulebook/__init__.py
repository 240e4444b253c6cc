"""The rules: ``apply(state, submission, time, lander)`` and the values that it reads and writes."""

from offbeat.rulebook.chain_events import (
    clear_forced,
    enqueue,
    force,
    grant,
    pass_over_forced,
    post_settlement_price,
    register_underlying,
)
from offbeat.rulebook.expiry import GROUP_SHIFT
from offbeat.rulebook.forced import ForcedItem, may_pass
from offbeat.rulebook.forced_rules import check_force, clearance, lapses_at_seconds, left_to_do
from offbeat.rulebook.intent_words import IntentWords, signature_words
from offbeat.rulebook.layout import (
    Action,
    ActionKind,
    Batch,
    BatchRow,
    Header,
    InboxItem,
    Mode,
    OrderFlag,
    Section,
)
from offbeat.rulebook.orders import pay_micros
from offbeat.rulebook.quorum import Quorum, certify
from offbeat.rulebook.reader import decode
from offbeat.rulebook.records import Account, Partial, Position, account_id, owner_of
from offbeat.rulebook.state import Pot, Rules, State, symbol_number, symbol_text
from offbeat.rulebook.transition import (
    Applied,
    Fault,
    Rejected,
    Submission,
    apply,
    inspect,
)
from offbeat.rulebook.work import Outcome

__all__ = [
    "GROUP_SHIFT",
    "Account",
    "Action",
    "ActionKind",
    "Applied",
    "Batch",
    "BatchRow",
    "Fault",
    "ForcedItem",
    "Header",
    "InboxItem",
    "IntentWords",
    "Mode",
    "OrderFlag",
    "Outcome",
    "Partial",
    "Position",
    "Pot",
    "Quorum",
    "Rejected",
    "Rules",
    "Section",
    "State",
    "Submission",
    "account_id",
    "apply",
    "certify",
    "check_force",
    "clear_forced",
    "clearance",
    "decode",
    "enqueue",
    "force",
    "grant",
    "inspect",
    "lapses_at_seconds",
    "left_to_do",
    "may_pass",
    "owner_of",
    "pass_over_forced",
    "pay_micros",
    "post_settlement_price",
    "register_underlying",
    "signature_words",
    "symbol_number",
    "symbol_text",
]
