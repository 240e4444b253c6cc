"""What every call of a client stands on: domain, account, nonces, signing and sending."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from offbeat.core import InvalidInput, OffbeatError, OutcomeUnknown, Reason, Unavailable
from offbeat.intents import (
    Domain,
    Intent,
    SignedIntent,
    intent_hash,
    parse_address,
    typed_data,
)
from offbeat.rulebook import account_id
from offbeat.sdk.amounts import Amount, to_micros
from offbeat.sdk.answers import Request, encode
from offbeat.sdk.arrays import MAX_ARRAY
from offbeat.sdk.nonces import LaneUse, NonceLedger
from offbeat.sdk.pushing import SendUnknown
from offbeat.sdk.relays import Relays
from offbeat.sdk.results import AccountState, IntentState, account_state, intent_state
from offbeat.sdk.signers import Signer, Signing
from offbeat.wire import AccountView, DomainView, IntentView

Address = bytes | str
"""20 bytes, or 0x-hexadecimal."""

_ACCOUNT_UNKNOWN: Final = "account_unknown"
_ACCOUNT_AGE_SECONDS: Final = 2.0
"""How old a copy of the account may be where only nonces are read off it."""
_NONCES_LOST: Final = (Reason.NONCE_SPENT, Reason.NONCE_LANE)


class Session:
    """Settings of a client and what it remembers. Its constructor does no I/O."""

    def __init__(
        self,
        relays: str | Iterable[str],
        signer: Signer | None,
        *,
        owner: Address | None,
        account: int,
        lane: int | None,
        max_fee: Amount,
        valid_for_seconds: int,
        domain: Domain | None,
        nonces: NonceLedger | None,
        clock: Callable[[], float],
    ) -> None:
        self.relays = Relays((relays,) if isinstance(relays, str) else relays)
        self.account = account
        self.max_fee_micros = to_micros(max_fee, "max_fee")
        self._signing = None if signer is None else Signing(signer)
        self._owner = None if owner is None else to_address(owner)
        self._lane = lane
        self._valid_for_seconds = valid_for_seconds
        self._pinned = domain
        self._deployment: DomainView | None = None
        self._nonces = NonceLedger() if nonces is None else nonces
        self._clock = clock
        self._copy: AccountState | None = None
        self._copied = 0.0
        self._refreshing = asyncio.Lock()

    @property
    def owner(self) -> bytes:
        """Whose account it is: as given, else the signer's. Raises :class:`InvalidInput`, code
        ``owner_missing``."""
        if self._owner is not None:
            return self._owner
        if self._signing is None or self._signing.address is None:
            raise InvalidInput("owner_missing", "say whose account it is: owner=…")
        return self._signing.address

    @property
    def account_id(self) -> int:
        """The number that the contract gives the account."""
        return account_id(self.owner, self.account)

    def valid_until_seconds(self, valid_for_seconds: int | None = None) -> int:
        """When an intent ends that is signed now."""
        wanted = self._valid_for_seconds if valid_for_seconds is None else valid_for_seconds
        return int(self._clock()) + wanted

    async def deployment(self) -> DomainView:
        """What the relays serve. Raises :class:`InvalidInput` with code ``domain_foreign`` where
        the client was made for another domain."""
        if self._deployment is None:
            view = await self.relays.ask(Request("GET", "/v1/domain"), DomainView)
            found = _domain(view)
            if self._pinned not in (None, found):
                raise InvalidInput("domain_foreign", "the relay serves another chain or contract")
            self._deployment = view
        return self._deployment

    async def domain(self) -> Domain:
        """Where signatures hold: as given, else as the relays say."""
        return self._pinned or _domain(await self.deployment())

    async def account_state(self, max_age_seconds: float = 0.0) -> AccountState:
        """The account, and a copy that is kept; one that is young enough will do."""
        async with self._refreshing:
            if self._copy is None or time.monotonic() - self._copied > max_age_seconds:
                asked = time.monotonic()
                request = Request("GET", f"/v1/accounts/{self.account_id:#050x}")
                self._copy = account_state(await self.relays.ask(request, AccountView))
                self._copied = asked
            return self._copy

    async def lanes(self, max_age_seconds: float = 0.0) -> LaneUse:
        """The account's nonces; an account that nobody has heard of has used none."""
        try:
            return (await self.account_state(max_age_seconds)).lanes
        except InvalidInput as error:
            if error.code != _ACCOUNT_UNKNOWN:
                raise
            return LaneUse((), ())

    async def nonce(self, valid_until_seconds: int) -> int:
        """A nonce of this client's own, as :meth:`NonceLedger.take`."""
        use = await self.lanes(_ACCOUNT_AGE_SECONDS)
        return self._nonces.take(
            self.account_id,
            use,
            lane=self._lane,
            valid_until_seconds=valid_until_seconds,
            now_seconds=int(self._clock()),
        )

    def highest_number(self, lane: int) -> int | None:
        """The highest number of a lane that this client's ledger has handed out."""
        return self._nonces.highest(self.account_id, lane)

    async def sign(self, intent: Intent) -> SignedIntent:
        """The intent, signed. Raises :class:`InvalidInput`, code ``signer_missing`` or one of
        :meth:`Signing.sign`."""
        if self._signing is None:
            raise InvalidInput("signer_missing", "the client was made without a signer")
        return await self._signing.sign(intent, await self.domain())

    async def send(self, signed: SignedIntent, timeout_seconds: float) -> IntentState:
        """The intent as the first relay acknowledges it; raises as :meth:`Relays.send`."""
        name, body = _named(signed, await self.domain())
        return intent_state(await self.relays.send(name, signed, body, timeout_seconds))

    async def send_many(
        self, signed: Sequence[SignedIntent], timeout_seconds: float
    ) -> list[IntentState | OffbeatError]:
        """What became of each; one that no array has brought to a relay is sent alone."""
        domain = await self.domain()
        named = [_named(each, domain) for each in signed]
        bodies = dict(named)
        accepted: dict[str, IntentView] = {}
        doubtful: set[str] = set()
        names = list(bodies)
        for start in range(0, len(names), MAX_ARRAY):
            some = {name: bodies[name] for name in names[start : start + MAX_ARRAY]}
            outcome = await self.relays.send_array(some, timeout_seconds)
            accepted |= outcome.accepted
            if outcome.may_have_others:
                doubtful.update(some)

        async def settle(each: SignedIntent, name: str) -> IntentState | OffbeatError:
            try:
                if name in accepted:
                    return intent_state(accepted[name])
                view = await self.relays.send(name, each, bodies[name], timeout_seconds)
                return intent_state(view)
            except SendUnknown as error:
                return error
            except OffbeatError as error:
                # The array may still arrive: what a relay says now proves nothing.
                in_doubt = name in doubtful or name in accepted
                return SendUnknown(name, each, error.message) if in_doubt else error

        ends = (settle(each, name) for each, (name, _) in zip(signed, named, strict=True))
        return list(await asyncio.gather(*ends))

    async def act(
        self, make: Callable[[int], Intent], valid_until_seconds: int, timeout_seconds: float
    ) -> IntentState:
        """Make an intent with a nonce of its own, sign and send it.

        One call sends one intent, whatever happens; if it certainly came to nothing, its nonce is
        free again.
        """
        nonce = await self.nonce(valid_until_seconds)
        try:
            return await self.send(await self.sign(make(nonce)), timeout_seconds)
        except OutcomeUnknown:
            raise
        except OffbeatError as error:
            if error.code in _NONCES_LOST:
                # Somebody else has used it: the next call looks again, and further up.
                self._copied = float("-inf")
            else:
                self._nonces.release(self.account_id, nonce)
            raise


def _named(signed: SignedIntent, domain: Domain) -> tuple[str, bytes]:
    """An intent's hash as 0x-hexadecimal, and its body."""
    data = typed_data(signed.intent, domain)
    del data["types"]
    body = encode(data | {"signature": f"0x{signed.signature.hex()}"})
    return f"0x{intent_hash(signed.intent, domain).hex()}", body


def to_address(address: Address) -> bytes:
    """The 20 bytes of an address; raises :class:`InvalidInput`, code ``address_invalid``."""
    if isinstance(address, str):
        return parse_address(address)
    return parse_address(f"0x{address.hex()}")


def _domain(view: DomainView) -> Domain:
    try:
        contract = parse_address(view.domain["verifyingContract"])
        return Domain(int(view.domain["chainId"]), contract)
    except (KeyError, TypeError, ValueError, InvalidInput):
        raise Unavailable("answer_invalid", "the relay names no domain") from None
