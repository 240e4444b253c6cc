"""How the tests' world comes to stand on a chain: its tokens, quorums and contracts."""

from collections.abc import Mapping, Sequence
from enum import IntFlag
from typing import Final

from coincurve import PrivateKey
from compiled import artifact_of
from people import REPORTERS, SEQUENCERS, Person

from offbeat.chain import Contract, Deployment, Sender, Token, deploy, load_artifact
from offbeat.chain import Quorum as ChainQuorum

CASH: Final = "USDC"
DECIMALS: Final = {CASH: 6, "BTC": 8, "ETH": 18}
SYMBOLS: Final = ("BTC", "ETH", "SOL")
"""Underlyings; SOL has no token, so nobody can own any."""
THRESHOLD: Final = 2
ABUNDANCE: Final = 10**60


class Manner(IntFlag):
    """What ``contracts/testing/OddToken.vy`` can be like."""

    PLAIN = 0
    SILENT = 1
    REFUSING = 2
    GREEDY = 4
    BURNING = 8
    REENTRANT = 16


def deploy_tokens(operator: Sender) -> dict[str, Contract]:
    """Contracts of the tokens by symbol."""
    return {
        CASH: Contract.deploy(operator, load_artifact("DevToken"), CASH, DECIMALS[CASH]),
        "BTC": Contract.deploy(
            operator, artifact_of("OddToken"), "BTC", DECIMALS["BTC"], Manner.PLAIN
        ),
        "ETH": Contract.deploy(
            operator, artifact_of("OddToken"), "ETH", DECIMALS["ETH"], Manner.SILENT
        ),
    }


def deploy_offbeat(operator: Sender, tokens: Mapping[str, Contract]) -> Deployment:
    """All contracts, for these tokens and for SOL, which has none."""
    known = {
        symbol: Token(symbol, contract.address, DECIMALS[symbol])
        for symbol, contract in tokens.items()
    }
    return deploy(
        operator,
        sequencers=ChainQuorum(addresses(SEQUENCERS), THRESHOLD),
        reporters=ChainQuorum(addresses(REPORTERS), THRESHOLD),
        cash=known[CASH],
        underlyings=[known.get(symbol, Token(symbol, bytes(20), 0)) for symbol in SYMBOLS],
    )


def addresses(people: Sequence[Person]) -> tuple[bytes, ...]:
    """Their addresses in order."""
    return tuple(each.address for each in people)


def some_keys(people: Sequence[Person]) -> dict[int, PrivateKey]:
    """The keys of just enough of them."""
    return {index: people[index].key for index in range(THRESHOLD)}
