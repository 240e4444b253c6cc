"""The client for asyncio programs."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Self

from offbeat.core import InvalidInput, OffbeatError, OutcomeUnknown, limits
from offbeat.intents import (
    Cancel,
    Delegate,
    Domain,
    Intent,
    Lane,
    Order,
    Scope,
    SignedIntent,
    Transfer,
    Withdraw,
    make_nonce,
    typed_data,
)
from offbeat.sdk.amounts import Amount, to_micros
from offbeat.sdk.answers import Request, encode, whole
from offbeat.sdk.builders import StrategyBuilder
from offbeat.sdk.config import client_arguments, read_settings
from offbeat.sdk.nonces import NonceLedger, beyond_all
from offbeat.sdk.results import (
    AccountState,
    IntentState,
    MarginPreview,
    intent_state,
    margin_preview,
)
from offbeat.sdk.session import Address, Session, to_address
from offbeat.sdk.signers import Signer
from offbeat.sdk.tactics import check_alternatives
from offbeat.sdk.terms import OrderTerms
from offbeat.wire import IntentView, LimitsView, MarginQuestion, MarginView

IntentName = IntentState | str | bytes
"""An intent by its hash: a state that names it, 0x-hexadecimal, or 32 bytes."""

SEND_SECONDS = 30.0
"""How long sending tries before it gives up, unless told otherwise."""


class AsyncClient(StrategyBuilder):
    """A trader's side of one or several relays, for one account.

    ``relays`` are base URLs; everything is sent to all of them, and whichever is alive answers.
    ``signer`` is a private key, an account of eth-account, or a callable that gets typed data and
    gives a signature, at once or later. ``owner`` says whose account it is where the signer does
    not, or signs as a delegate. ``lane`` keeps to one nonce lane, for programs side by side;
    ``nonces`` may be shared by clients of one process. ``domain`` refuses relays of another one.
    ``max_fee`` and ``valid_for_seconds`` hold for everything that does not say its own.

    Nothing connects before the first call. Every method may raise a
    :class:`~offbeat.core.OffbeatError` with a stable ``code`` and ``retryable``:
    :class:`InvalidInput` and :class:`Refused` for what a repeat cannot help, :class:`Unavailable`
    where no relay can answer, and :class:`SendUnknown` where a lost answer leaves open whether an
    intent was admitted.
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
        self._session = Session(
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
        """A client of what ``OFFBEAT_RELAYS`` (comma-separated), ``OFFBEAT_PRIVATE_KEY`` or
        ``OFFBEAT_KEY_FILE`` or ``OFFBEAT_KEYSTORE`` and ``OFFBEAT_PASSWORD_FILE``,
        ``OFFBEAT_OWNER``, ``OFFBEAT_ACCOUNT``, ``OFFBEAT_LANE``, ``OFFBEAT_MAX_FEE`` and
        ``OFFBEAT_VALID_FOR_SECONDS`` say."""
        return cls(**client_arguments(read_settings(environment)))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let what is still on its way to slower relays have a moment, then close everything."""
        await self._session.relays.close()

    @property
    def owner(self) -> bytes:
        """Whose account it is (20 bytes)."""
        return self._session.owner

    # Looking ------------------------------------------------------------------------------

    async def domain(self) -> Domain:
        """The EIP-712 domain in which signatures hold."""
        return await self._session.domain()

    async def limits(self) -> LimitsView:
        """The bounds of a relay, and the protocol's, by name."""
        return await self._session.relays.ask(Request("GET", "/v1/limits"), LimitsView)

    async def account(self) -> AccountState:
        """The account: record, balances, nonces, open intents."""
        return await self._session.account_state()

    async def intent(self, intent: IntentName) -> IntentState:
        """How far an intent has come; raises :class:`InvalidInput`, code ``intent_unknown``."""
        request = Request("GET", f"/v1/intents/{hash_text(intent)}")
        return intent_state(await self._session.relays.ask(request, IntentView))

    async def preview(self, *orders: OrderTerms) -> MarginPreview:
        """Margin now, and after ``orders`` have filled in full at their limits."""
        session, until = self._session, self._session.valid_until_seconds()
        messages = [
            typed_data(
                terms.order(session.owner, session.account, 0, until, session.max_fee_micros),
                await session.domain(),
            )["message"]
            for terms in orders
        ]
        body = encode(MarginQuestion(f"{session.account_id:#050x}", messages))
        request = Request("POST", "/v1/margin/simulate", body)
        return margin_preview(await session.relays.ask(request, MarginView))

    # Trading ------------------------------------------------------------------------------

    async def trade(self, terms: OrderTerms, timeout_seconds: float = SEND_SECONDS) -> IntentState:
        """Sign an order and send it: the state that the first relay acknowledges.

        One call signs and sends one intent. Raises as :meth:`send`.
        """
        make, until = self._maker(terms)
        return await self._session.act(make, until, timeout_seconds)

    async def sign_one_of(self, *orders: OrderTerms) -> list[SignedIntent]:
        """Orders of which at most one ever fills, because they share one nonce; not sent.

        The contract sees to it: the first fill, whole or in part, spends the nonce for the others.
        A cancel of one cancels all. Raises as :func:`~offbeat.sdk.check_alternatives`.
        """
        check_alternatives(orders)
        makers = [self._maker(terms) for terms in orders]
        nonce = await self._session.nonce(max(until for _, until in makers))
        return [await self._session.sign(make(nonce)) for make, _ in makers]

    async def prepare(self, terms: OrderTerms) -> Order:
        """The order with a nonce of its own, neither signed nor sent."""
        make, until = self._maker(terms)
        return make(await self._session.nonce(until))

    async def sign(self, terms: OrderTerms) -> SignedIntent:
        """The order with a nonce of its own, signed and not sent."""
        return await self._session.sign(await self.prepare(terms))

    async def send(
        self, signed: SignedIntent, timeout_seconds: float = SEND_SECONDS
    ) -> IntentState:
        """Send a signed intent to every relay; sending it again is safe.

        Returns with the first acknowledgement, and goes on bringing it to the others. Raises
        :class:`SendUnknown` where it may have arrived and nobody can say, :class:`Unavailable`
        where it surely has not, and a relay's own error where it was refused.
        """
        return await self._session.send(signed, timeout_seconds)

    async def send_many(
        self, signed: Sequence[SignedIntent], timeout_seconds: float = SEND_SECONDS
    ) -> list[IntentState | OffbeatError]:
        """Send signed intents to every relay, 64 to a request; of each its state or its error.

        Nothing is guessed: an error is :class:`SendUnknown` where the intent may have arrived, and
        sending the same ones again is safe. Raises only where no relay tells the domain.
        """
        return await self._session.send_many(signed, timeout_seconds)

    def watch(self, intent: IntentName) -> AsyncGenerator[IntentState, None]:
        """Every state of an intent, from now until it is closed; survives relays and streams."""
        return self._session.relays.watch(hash_text(intent))

    async def wait_final(
        self, intent: IntentName, timeout_seconds: float | None = None
    ) -> IntentState:
        """The state in which an intent ends, on a final block.

        Raises :class:`OutcomeUnknown` with code ``not_final`` where that takes longer.
        """
        latest = intent if isinstance(intent, IntentState) else None
        try:
            async with asyncio.timeout(timeout_seconds), aclosing(self.watch(intent)) as states:
                async for state in states:
                    latest = state
        except TimeoutError as error:
            seen = latest.status.name if latest else "not heard of"
            raise OutcomeUnknown(
                "not_final", f"{hash_text(intent)} is {seen} after {timeout_seconds} seconds"
            ) from error
        assert latest is not None, "a watch ends with a closed state"
        return latest

    # Everything else that is signed -------------------------------------------------------

    async def cancel(
        self, intent: IntentName, timeout_seconds: float = SEND_SECONDS
    ) -> IntentState:
        """Spend an order's nonce. The state is the cancel's own: the order may fill until its own
        state says CANCELLED."""
        state = await self.intent(intent)
        return await self._cancel(whole(str(state.message["nonce"])), timeout_seconds)

    async def cancel_all(
        self, lane: int | None = None, timeout_seconds: float = SEND_SECONDS
    ) -> list[IntentState]:
        """Spend every nonce in reach of a lane, or of all lanes: whatever was signed with one,
        by whomever, sent or not, can no longer fill once the returned cancels are FINAL."""
        use, session = await self._session.lanes(), self._session
        numbers = []
        for index in range(limits.MAX_LANES) if lane is None else (lane,):
            highest = session.highest_number(index)
            exists = index < len(use.lanes)
            known = use.next_numbers[index] if index < len(use.next_numbers) else 0
            if exists or known or highest is not None or lane is not None:
                before = use.lanes[index] if exists else Lane()
                numbers.append(make_nonce(index, beyond_all(before, [known, highest or 0])))
        cancels = (self._cancel(nonce, timeout_seconds) for nonce in numbers)
        return list(await asyncio.gather(*cancels))

    async def withdraw(
        self,
        amount: Amount,
        asset: str | None = None,
        *,
        to: Address | None = None,
        timeout_seconds: float = SEND_SECONDS,
    ) -> IntentState:
        """Make an amount of cash, or of an underlying, payable to ``to``, by default the owner."""
        micros = to_micros(amount, "amount")
        symbol = (await self._session.deployment()).cash_symbol if asset is None else asset
        receiver = self.owner if to is None else to_address(to)
        return await self._act(
            lambda common: Withdraw(to=receiver, asset=symbol, amount_micros=micros, **common),
            timeout_seconds,
        )

    async def transfer(
        self,
        amount: Amount,
        to_owner: Address,
        to_account: int = 0,
        *,
        timeout_seconds: float = SEND_SECONDS,
    ) -> IntentState:
        """Move cash to another account."""
        micros, receiver = to_micros(amount, "amount"), to_address(to_owner)
        return await self._act(
            lambda common: Transfer(
                to_owner=receiver, to_account=to_account, amount_micros=micros, **common
            ),
            timeout_seconds,
        )

    async def delegate(
        self,
        key: Address,
        scope: Scope = Scope.ORDER | Scope.CANCEL,
        *,
        expires_seconds: int,
        timeout_seconds: float = SEND_SECONDS,
    ) -> IntentState:
        """Let ``key`` sign for every account of the owner, through a unix second."""
        address = to_address(key)
        return await self._act(
            lambda common: Delegate(
                delegate=address, scope=int(scope), expires_seconds=expires_seconds, **common
            ),
            timeout_seconds,
        )

    async def revoke(self, key: Address, *, timeout_seconds: float = SEND_SECONDS) -> IntentState:
        """End a delegation, after ``limits.DELEGATION_END_DELAY_SECONDS``."""
        nothing = Scope(0)
        return await self.delegate(key, nothing, expires_seconds=0, timeout_seconds=timeout_seconds)

    def _maker(self, terms: OrderTerms) -> tuple[Callable[[int], Order], int]:
        """What makes the order of a nonce, and when it ends."""
        session = self._session
        until = session.valid_until_seconds(terms.valid_for_seconds)
        if terms.valid_until_seconds is not None:
            until = terms.valid_until_seconds
        owner, account, fee = session.owner, session.account, session.max_fee_micros
        return lambda nonce: terms.order(owner, account, nonce, until, fee), until

    async def _act(
        self, make: Callable[[dict[str, Any]], Intent], timeout_seconds: float
    ) -> IntentState:
        until = self._session.valid_until_seconds()
        common = self._common(until)
        return await self._session.act(
            lambda nonce: make(common | {"nonce": nonce}), until, timeout_seconds
        )

    async def _cancel(self, nonce: int, timeout_seconds: float) -> IntentState:
        common = self._common(self._session.valid_until_seconds())
        signed = await self._session.sign(Cancel(nonce=nonce, **common))
        return await self._session.send(signed, timeout_seconds)

    def _common(self, valid_until_seconds: int) -> dict[str, Any]:
        return {
            "owner": self._session.owner,
            "account": self._session.account,
            "valid_until_seconds": valid_until_seconds,
            "max_fee_micros": self._session.max_fee_micros,
        }


def hash_text(intent: IntentName) -> str:
    """The 0x-hexadecimal hash; raises :class:`InvalidInput` with code ``hash_invalid``."""
    if isinstance(intent, IntentState):
        return intent.intent_hash
    text = f"0x{intent.hex()}" if isinstance(intent, bytes) else intent.lower()
    digits = text.removeprefix("0x")
    if len(digits) != 64 or not set(digits) <= set("0123456789abcdef"):
        raise InvalidInput("hash_invalid", "an intent's hash is 0x and 64 hexadecimal digits")
    return f"0x{digits}"
