"""``offbeat deposit``: cash or spot into an account, through the vault's inbox."""

from typing import Annotated

from cyclopts import Parameter

from offbeat import chain
from offbeat.cli.amounts import micros_text, parse_micros
from offbeat.cli.history import Source
from offbeat.cli.inputs import open_chain
from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import Result, facts
from offbeat.intents import parse_address


def deposit(
    amount: Annotated[str, Parameter(help='Decimal number, such as "12.5".')],
    *,
    asset: Annotated[str | None, Parameter(help="An underlying. [default: the cash]")] = None,
    owner: Annotated[str | None, Parameter(help="Whose account. [default: the key's]")] = None,
    index: Annotated[int, Parameter(help="Which of the owner's accounts.")] = 0,
    source: Source,
    key: KeySource = ENVIRONMENT,
) -> Result:
    """Queue the key's tokens for an account; the next batches credit them.

    The vault is allowed to take exactly this amount first. Exits with 3 if it is refused.
    """
    deployment = source.read_deployment()
    symbol, micros = asset or deployment.cash.symbol, parse_micros(amount, "amount")
    with open_chain(source.rpc) as node:
        sender = chain.Sender(node, key.load())
        to = parse_address(owner) if owner else sender.address
        receipt = chain.Gateway(sender, deployment).deposit(symbol, to, index, micros)
    data = {
        "asset": symbol,
        "amount_micros": micros,
        "owner": to,
        "account": index,
        "transaction_hash": receipt.transaction_hash,
    }
    shown = {
        "asset": symbol,
        "amount": micros_text(micros),
        "transaction": f"0x{receipt.transaction_hash.hex()}",
    }
    return Result(data, lambda console: console.print(facts("In the inbox", shown)))
