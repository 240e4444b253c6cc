"""The client for programs without asyncio: the same calls, which wait for their answers."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Self

from offbeat.core import OffbeatError
from offbeat.intents import Domain, Order, Scope, SignedIntent
from offbeat.sdk.amounts import Amount
from offbeat.sdk.async_client import SEND_SECONDS, AsyncClient, IntentName
from offbeat.sdk.builders import StrategyBuilder
from offbeat.sdk.config import client_arguments, read_settings
from offbeat.sdk.loop_thread import LoopThread
from offbeat.sdk.nonces import NonceLedger
from offbeat.sdk.results import AccountState, IntentState, MarginPreview
from offbeat.sdk.session import Address
from offbeat.sdk.signers import Signer
from offbeat.sdk.terms import OrderTerms
from offbeat.wire import LimitsView


class Client(StrategyBuilder):
    """A trader's side of one or several relays, for programs without asyncio.

    Takes what :class:`AsyncClient` takes, has its methods, raises its errors, and may be called
    from any number of threads at once. The work is done by an AsyncClient in a thread that the
    first call starts and :meth:`close` ends.
    """

    def __init__(
        self,
        relays: str | Iterable[str],
        signer: Signer | None = None,
        *,
        owner: Address | None = None,
        account: int = 0,
        lane: int | None = None,
        max_fee: Amount = 1,
        valid_for_seconds: int = 3_600,
        domain: Domain | None = None,
        nonces: NonceLedger | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._thread = LoopThread()
        self._client = AsyncClient(
            relays,
            signer,
            owner=owner,
            account=account,
            lane=lane,
            max_fee=max_fee,
            valid_for_seconds=valid_for_seconds,
            domain=domain,
            nonces=nonces,
            clock=clock,
        )

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Self:
        """As :meth:`AsyncClient.from_env`."""
        return cls(**client_arguments(read_settings(environment)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """As :meth:`AsyncClient.close`."""
        self._thread.close(self._client.close)

    @property
    def owner(self) -> bytes:
        """Whose account it is (20 bytes)."""
        return self._client.owner

    def domain(self) -> Domain:
        """As :meth:`AsyncClient.domain`."""
        return self._thread.run(self._client.domain())

    def limits(self) -> LimitsView:
        """As :meth:`AsyncClient.limits`."""
        return self._thread.run(self._client.limits())

    def account(self) -> AccountState:
        """As :meth:`AsyncClient.account`."""
        return self._thread.run(self._client.account())

    def intent(self, intent: IntentName) -> IntentState:
        """As :meth:`AsyncClient.intent`."""
        return self._thread.run(self._client.intent(intent))

    def preview(self, *orders: OrderTerms) -> MarginPreview:
        """As :meth:`AsyncClient.preview`."""
        return self._thread.run(self._client.preview(*orders))

    def trade(self, terms: OrderTerms, timeout_seconds: float = SEND_SECONDS) -> IntentState:
        """As :meth:`AsyncClient.trade`."""
        return self._thread.run(self._client.trade(terms, timeout_seconds))

    def sign_one_of(self, *orders: OrderTerms) -> list[SignedIntent]:
        """As :meth:`AsyncClient.sign_one_of`."""
        return self._thread.run(self._client.sign_one_of(*orders))

    def prepare(self, terms: OrderTerms) -> Order:
        """As :meth:`AsyncClient.prepare`."""
        return self._thread.run(self._client.prepare(terms))

    def sign(self, terms: OrderTerms) -> SignedIntent:
        """As :meth:`AsyncClient.sign`."""
        return self._thread.run(self._client.sign(terms))

    def send(self, signed: SignedIntent, timeout_seconds: float = SEND_SECONDS) -> IntentState:
        """As :meth:`AsyncClient.send`."""
        return self._thread.run(self._client.send(signed, timeout_seconds))

    def send_many(
        self, signed: Sequence[SignedIntent], timeout_seconds: float = SEND_SECONDS
    ) -> list[IntentState | OffbeatError]:
        """As :meth:`AsyncClient.send_many`."""
        return self._thread.run(self._client.send_many(signed, timeout_seconds))

    def watch(self, intent: IntentName) -> Iterator[IntentState]:
        """As :meth:`AsyncClient.watch`."""
        states = self._client.watch(intent)

        async def following() -> IntentState | None:
            return await anext(states, None)

        try:
            while (state := self._thread.run(following())) is not None:
                yield state
        finally:
            self._thread.run(states.aclose())

    def wait_final(self, intent: IntentName, timeout_seconds: float | None = None) -> IntentState:
        """As :meth:`AsyncClient.wait_final`."""
        return self._thread.run(self._client.wait_final(intent, timeout_seconds))

    def cancel(self, intent: IntentName, timeout_seconds: float = SEND_SECONDS) -> IntentState:
        """As :meth:`AsyncClient.cancel`."""
        return self._thread.run(self._client.cancel(intent, timeout_seconds))

    def cancel_all(
        self, lane: int | None = None, timeout_seconds: float = SEND_SECONDS
    ) -> list[IntentState]:
        """As :meth:`AsyncClient.cancel_all`."""
        return self._thread.run(self._client.cancel_all(lane, timeout_seconds))

    def withdraw(
        self,
        amount: Amount,
        asset: str | None = None,
        *,
        to: Address | None = None,
        timeout_seconds: float = SEND_SECONDS,
    ) -> IntentState:
        """As :meth:`AsyncClient.withdraw`."""
        return self._thread.run(
            self._client.withdraw(amount, asset, to=to, timeout_seconds=timeout_seconds)
        )

    def transfer(
        self,
        amount: Amount,
        to_owner: Address,
        to_account: int = 0,
        *,
        timeout_seconds: float = SEND_SECONDS,
    ) -> IntentState:
        """As :meth:`AsyncClient.transfer`."""
        return self._thread.run(
            self._client.transfer(amount, to_owner, to_account, timeout_seconds=timeout_seconds)
        )

    def delegate(
        self,
        key: Address,
        scope: Scope = Scope.ORDER | Scope.CANCEL,
        *,
        expires_seconds: int,
        timeout_seconds: float = SEND_SECONDS,
    ) -> IntentState:
        """As :meth:`AsyncClient.delegate`."""
        return self._thread.run(
            self._client.delegate(
                key, scope, expires_seconds=expires_seconds, timeout_seconds=timeout_seconds
            )
        )

    def revoke(self, key: Address, *, timeout_seconds: float = SEND_SECONDS) -> IntentState:
        """As :meth:`AsyncClient.revoke`."""
        return self._thread.run(self._client.revoke(key, timeout_seconds=timeout_seconds))
