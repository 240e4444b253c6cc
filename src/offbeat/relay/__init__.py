"""From admitted intents to batches that land: screening, clearing, packing, transmission."""

from offbeat.relay.admission import Desk, Doorway
from offbeat.relay.builder import Builder, Built
from offbeat.relay.fees import FeePolicy, Fees
from offbeat.relay.liquidation import SafetyWatch, liquidation_orders, unsafe_accounts
from offbeat.relay.outlook import Mined, Ours, Outlook, Sent, Trial, Wallet
from offbeat.relay.pending import Moment, Pending, screen
from offbeat.relay.policy import Backlog, Cause, Policy
from offbeat.relay.transmission import decide
from offbeat.relay.transmission_plan import FILLER_GAS, Action, Fill, Plan, Send, Sign, Trouble
from offbeat.relay.waits import Wait

__all__ = [
    "FILLER_GAS",
    "Action",
    "Backlog",
    "Builder",
    "Built",
    "Cause",
    "Desk",
    "Doorway",
    "FeePolicy",
    "Fees",
    "Fill",
    "Mined",
    "Moment",
    "Ours",
    "Outlook",
    "Pending",
    "Plan",
    "Policy",
    "SafetyWatch",
    "Send",
    "Sent",
    "Sign",
    "Trial",
    "Trouble",
    "Wait",
    "Wallet",
    "decide",
    "liquidation_orders",
    "screen",
    "unsafe_accounts",
]
