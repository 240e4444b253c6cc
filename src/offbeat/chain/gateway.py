"""What a relay, a trader or an operator does on chain: one typed method for each act."""

from typing import Final

from offbeat.chain.contract import Contract, load_artifact
from offbeat.chain.deployment import Deployment, Token
from offbeat.chain.sender import Sender
from offbeat.core import InvalidInput
from offbeat.core.ports import Receipt
from offbeat.rulebook import Submission

_MICRO_DECIMALS: Final = 6


class Gateway:
    """One deployment as one ``sender`` sees it.

    Every method waits until its transaction is mined, and raises ``ChainError`` with the
    contract's own reason where it refuses, else as :class:`Sender` does.
    """

    def __init__(self, sender: Sender, deployment: Deployment) -> None:
        self.sender = sender
        self.deployment = deployment

    def settle(self, submission: Submission, *, gas_limit: int | None = None) -> Receipt:
        """Land a batch; its fees become the sender's to claim."""
        return self._contract("settlement").write(
            self.sender,
            "settle",
            submission.payload,
            submission.certificate,
            submission.attestation,
            submission.proof,
            gas_limit=gas_limit,
        )

    def deposit(self, symbol: str, owner: bytes, index: int, amount_micros: int) -> Receipt:
        """Queue the sender's tokens for an account, which a batch will credit.

        Lets the vault take exactly this amount first, where it may not take so much already.
        """
        token = self._token(symbol)
        contract = Contract(self.sender.chain, token.address, load_artifact("DevToken"))
        vault = self._contract("vault")
        amount = amount_micros * 10 ** (token.decimals - _MICRO_DECIMALS)
        if contract.read("allowance", self.sender.address, vault.address) < amount:
            contract.write(self.sender, "approve", vault.address, amount)
        return vault.write(
            self.sender, "deposit", token.symbol.encode(), owner, index, amount_micros
        )

    def claim(self, symbol: str, account: bytes, recipient: bytes | None = None) -> Receipt:
        """Pay out what is payable to ``account`` (an address), which alone may redirect it."""
        return self._contract("vault").write(
            self.sender, "claim", account, symbol.encode(), recipient or account
        )

    def register_underlying(self, token: Token) -> Receipt:
        """Admit an underlying, as the vault's owner; with no token address it has no spot."""
        return self._contract("vault").write(
            self.sender, "register_underlying", token.symbol.encode(), token.address
        )

    def approve_delegate(self, key: bytes, scope: int, expires_seconds: int) -> Receipt:
        """Grant ``key`` (an address) a scope over the sender's accounts; 0 seconds revokes it."""
        return self._contract("authority").write(
            self.sender, "approve_delegate", key, scope, expires_seconds
        )

    def post_settlement_price(
        self, symbol: str, expiry_seconds: int, price_micros: int, attestation: bytes
    ) -> Receipt:
        """Fix the price of an expiry, under the reporters' certificate of it."""
        return self._contract("expiry").write(
            self.sender,
            "post_settlement_price",
            symbol.encode(),
            expiry_seconds,
            price_micros,
            attestation,
        )

    def _contract(self, role: str) -> Contract:
        return self.deployment.contract(self.sender.chain, role)

    def _token(self, symbol: str) -> Token:
        tokens = (self.deployment.cash, *self.deployment.underlyings)
        found = next((each for each in tokens if each.symbol == symbol and any(each.address)), None)
        if found is None:
            raise InvalidInput("asset_unknown", f"{symbol} cannot be deposited here")
        return found
