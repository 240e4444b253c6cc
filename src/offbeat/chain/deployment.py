"""Where Offbeat stands on a chain, and how it gets there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from offbeat.chain.contract import Contract, load_artifact
from offbeat.chain.sender import Sender
from offbeat.core import InvalidInput
from offbeat.core.ports import Chain
from offbeat.intents import Domain, address_text, parse_address

ARTIFACTS: Final = {
    "settlement": "Settlement",
    "vault": "Vault",
    "oracle": "Oracle",
    "expiry": "Expiry",
    "authority": "Authority",
    "forced": "ForcedInbox",
    "health": "Health",
    "reasons": "Reasons",
    "sequencers": "CertifierEcdsa",
    "reporters": "CertifierEcdsa",
}
"""The contracts of a deployment, by role, and the artifact of each."""

FORCE_FEE_WEI: Final = 10**14
"""What a forced request costs in an empty queue; it doubles with each one that is open."""


@dataclass(frozen=True, slots=True)
class Token:
    """An ERC-20 that Offbeat takes as collateral, under its ``symbol`` there.

    An underlying without a token, which has options but no spot, has the zero ``address``.
    """

    symbol: str
    address: bytes
    decimals: int


@dataclass(frozen=True, slots=True)
class Quorum:
    """``threshold`` of these ``signers`` (addresses) speak for all of them."""

    signers: tuple[bytes, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Deployment:
    """Everything that a program must know to find Offbeat on one chain.

    ``contracts`` has an address for each role in :data:`ARTIFACTS`; no event is older than
    ``first_block``. ``cash`` is the quote currency.
    """

    chain_id: int
    first_block: int
    contracts: Mapping[str, bytes]
    cash: Token
    underlyings: tuple[Token, ...]

    @property
    def domain(self) -> Domain:
        """The EIP-712 domain in which everybody signs."""
        return Domain(self.chain_id, self.contracts["settlement"])

    def contract(self, chain: Chain, role: str) -> Contract:
        """One of the contracts, by role; raises ``InvalidInput("wrong_chain")``."""
        if chain.chain_id != self.chain_id:
            raise InvalidInput(
                "wrong_chain", f"deployed on chain {self.chain_id}, not on {chain.chain_id}"
            )
        return Contract(chain, self.contracts[role], load_artifact(ARTIFACTS[role]))

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, addresses in EIP-55."""
        return {
            "chain_id": self.chain_id,
            "first_block": self.first_block,
            "contracts": {role: address_text(self.contracts[role]) for role in ARTIFACTS},
            "cash": _token_to_json(self.cash),
            "underlyings": [_token_to_json(token) for token in self.underlyings],
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """From such an object; raises ``InvalidInput("deployment_malformed")``."""
        try:
            return cls(
                chain_id=int(raw["chain_id"]),
                first_block=int(raw["first_block"]),
                contracts={role: parse_address(raw["contracts"][role]) for role in ARTIFACTS},
                cash=_token_from_json(raw["cash"]),
                underlyings=tuple(map(_token_from_json, raw["underlyings"])),
            )
        except (KeyError, TypeError, ValueError, InvalidInput) as error:
            raise InvalidInput("deployment_malformed", f"not a deployment: {error}") from error


def deploy(
    sender: Sender,
    *,
    sequencers: Quorum,
    reporters: Quorum,
    cash: Token,
    underlyings: Sequence[Token],
) -> Deployment:
    """Put Offbeat on the sender's chain; raises ``ChainError`` with the reason of a refusal."""
    chain = sender.chain
    first_block = chain.block().number + 1
    symbol = cash.symbol.encode()
    contracts: dict[str, Contract] = {}

    def create(role: str, *args: object) -> bytes:
        contracts[role] = Contract.deploy(sender, load_artifact(ARTIFACTS[role]), *args)
        return contracts[role].address

    oracle = create("oracle", create("reporters", reporters.signers, reporters.threshold))
    parts = (
        oracle,
        create("expiry", oracle),
        create("vault", symbol, cash.address),
        create("authority"),
    )
    health = create("health")
    settlement = create(
        "settlement",
        create("sequencers", sequencers.signers, sequencers.threshold),
        *parts,
        create("forced", *parts, health, FORCE_FEE_WEI),
        health,
        create("reasons"),
        symbol,
    )
    for role in ("expiry", "vault", "authority", "forced"):
        contracts[role].write(sender, "bind", settlement)
    for token in underlyings:
        contracts["vault"].write(
            sender, "register_underlying", token.symbol.encode(), token.address
        )
    return Deployment(
        chain_id=chain.chain_id,
        first_block=first_block,
        contracts={role: contract.address for role, contract in contracts.items()},
        cash=cash,
        underlyings=tuple(underlyings),
    )


def deploy_dev_token(sender: Sender, symbol: str, decimals: int) -> Token:
    """A worthless token that anyone may mint, for development chains."""
    contract = Contract.deploy(sender, load_artifact("DevToken"), symbol, decimals)
    return Token(symbol, contract.address, decimals)


def _token_to_json(token: Token) -> dict[str, Any]:
    return {
        "symbol": token.symbol,
        "address": address_text(token.address),
        "decimals": token.decimals,
    }


def _token_from_json(raw: Mapping[str, Any]) -> Token:
    return Token(str(raw["symbol"]), parse_address(raw["address"]), int(raw["decimals"]))
