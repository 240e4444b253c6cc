"""``offbeat deploy``: the contracts on any EVM chain, and the file that everything else reads."""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from rich.console import Console

from offbeat import chain
from offbeat.cli.inputs import open_chain
from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import Result, facts, progress
from offbeat.core import ChainError, InvalidInput
from offbeat.core.ports import Chain
from offbeat.intents import address_text, parse_address

if TYPE_CHECKING:
    from offbeat.chain import Deployment, Quorum, Sender, Token

DEFAULT_FILE: Final = Path("deployment.json")
DEV_DECIMALS: Final = 18
DEV_CASH_DECIMALS: Final = 6
_TOKEN: Final = re.compile("([A-Z0-9]{1,5})(?:=(0x[0-9a-fA-F]{40}))?")


def deploy(
    *,
    rpc: Annotated[str, Parameter(help="URL of a node.", env_var="OFFBEAT_RPC_URL")],
    sequencer: Annotated[
        tuple[str, ...], Parameter(help="Address that certifies batches; may be repeated.")
    ],
    reporter: Annotated[
        tuple[str, ...], Parameter(help="Address that signs prices; may be repeated.")
    ],
    sequencer_threshold: Annotated[
        int | None, Parameter(help="Sequencers that it takes. [default: all]")
    ] = None,
    reporter_threshold: Annotated[
        int | None, Parameter(help="Reporters that it takes. [default: all]")
    ] = None,
    cash: Annotated[str, Parameter(help="Quote currency: SYMBOL=ADDRESS of its token.")] = "USDC",
    underlying: Annotated[
        tuple[str, ...],
        Parameter(help="SYMBOL=ADDRESS; SYMBOL alone has options but no spot. May be repeated."),
    ] = ("ETH",),
    dev_tokens: Annotated[
        bool,
        Parameter(negative="", help="Make a worthless token for every SYMBOL without an address."),
    ] = False,
    out: Annotated[Path, Parameter(help="The deployment file; must not exist.")] = DEFAULT_FILE,
    key: KeySource = ENVIRONMENT,
) -> Result:
    """Put Offbeat on a chain, paid for by the key, and write the deployment file.

    The key's account owns the vault: it alone may admit underlyings later. Sequencers and reporters
    are fixed for good. Exits with 3 if the contracts refuse the arguments.
    """
    quorums = _quorum(sequencer, sequencer_threshold), _quorum(reporter, reporter_threshold)
    wanted = [_parse_token(each) for each in (cash, *underlying)]
    if wanted[0][1] is None and not dev_tokens:
        raise InvalidInput("token_missing", "the quote currency needs a token: --cash SYMBOL=0x…")
    if out.exists():
        raise InvalidInput("file_exists", f"{out} exists already")
    with open_chain(rpc) as node, progress("Deploying") as update:
        sender = chain.Sender(node, key.load())
        tokens: list[Token] = []
        for symbol, address in wanted:
            update(symbol)
            tokens.append(_token(node, sender, symbol, address, dev_tokens, is_cash=not tokens))
        update("contracts")
        deployment = chain.deploy(
            sender,
            sequencers=quorums[0],
            reporters=quorums[1],
            cash=tokens[0],
            underlyings=tokens[1:],
        )
    write_deployment(deployment, out)
    return Result({**deployment.to_json(), "file": str(out)}, lambda to: _show(to, deployment, out))


def write_deployment(deployment: "Deployment", file: Path) -> None:
    """Write the file whole or not at all; raises ``InvalidInput("file_unwritable")``."""
    draft = file.with_name(f"{file.name}.new")
    try:
        draft.write_text(json.dumps(deployment.to_json(), indent=2) + "\n")
        os.replace(draft, file)
    except OSError as error:
        raise InvalidInput("file_unwritable", str(error)) from error


def _quorum(signers: tuple[str, ...], threshold: int | None) -> "Quorum":
    addresses = tuple(dict.fromkeys(parse_address(each) for each in signers))
    return chain.Quorum(addresses, len(addresses) if threshold is None else threshold)


def _parse_token(text: str) -> tuple[str, bytes | None]:
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise InvalidInput("token_invalid", f"a token is SYMBOL=ADDRESS, not {text}")
    return match[1], parse_address(match[2]) if match[2] else None


def _token(
    node: Chain,
    sender: "Sender",
    symbol: str,
    address: bytes | None,
    dev_tokens: bool,
    *,
    is_cash: bool,
) -> "Token":
    if address is None and dev_tokens:
        return chain.deploy_dev_token(
            sender, symbol, DEV_CASH_DECIMALS if is_cash else DEV_DECIMALS
        )
    if address is None:
        return chain.Token(symbol, bytes(20), DEV_DECIMALS)
    try:
        contract = chain.Contract(node, address, chain.load_artifact("DevToken"))
        return chain.Token(symbol, address, contract.read("decimals"))
    except ChainError as error:
        raise InvalidInput("token_invalid", f"{symbol} is no ERC-20: {error.message}") from error


def _show(console: Console, deployment: "Deployment", out: Path) -> None:
    rows = {role: address_text(address) for role, address in deployment.contracts.items()}
    for token in (deployment.cash, *deployment.underlyings):
        rows[token.symbol] = address_text(token.address) if any(token.address) else "no spot"
    rows |= {"chain": str(deployment.chain_id), "file": str(out)}
    console.print(facts("Deployed", rows))
