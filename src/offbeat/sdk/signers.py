"""Who signs: a key, a keystore, an account of eth-account, or anything that can be called."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from coincurve import PrivateKey

from offbeat.core import InvalidInput
from offbeat.intents import (
    Domain,
    Intent,
    SignedIntent,
    address_of,
    canonical_signature,
    intent_hash,
    parse_address,
    recover,
    sign,
    typed_data,
)

TypedData = Mapping[str, Any]
"""What ``eth_signTypedData_v4`` takes: types, primaryType, domain, message."""


@runtime_checkable
class TypedDataAccount(Protocol):
    """An account as eth-account's ``LocalAccount`` has it."""

    @property
    def address(self) -> str:
        """The address in hexadecimal."""

    def sign_typed_data(self, *, full_message: Any) -> Any:
        """Something with a ``signature`` of 65 bytes."""


Signature = bytes | str
ExternalSigner = Callable[[TypedData], Signature | Awaitable[Signature]]
"""A wallet: gets typed data, gives the signature as bytes or 0x-hexadecimal, at once or later."""
Signer = bytes | str | PrivateKey | TypedDataAccount | ExternalSigner
"""Any of them; text and bytes are a private key."""


class Signing:
    """A signer in one form: ``address`` (20 bytes, None where it must be given) and ``sign``.

    Raises :class:`InvalidInput` with code ``private_key_invalid`` or ``signer_invalid``.
    """

    def __init__(self, signer: Signer) -> None:
        self.address: bytes | None = None
        self._key: PrivateKey | None = None
        self._external: ExternalSigner | None = None
        if isinstance(signer, bytes | str | PrivateKey):
            self._key = _private_key(signer)
            self.address = address_of(self._key)
        elif isinstance(signer, TypedDataAccount):
            account = signer
            self.address = parse_address(account.address)
            self._external = lambda data: bytes(
                account.sign_typed_data(full_message=data).signature
            )
        elif callable(signer):
            self._external = signer
        else:
            raise InvalidInput("signer_invalid", "a signer is a key, an account, or can be called")

    async def sign(self, intent: Intent, domain: Domain) -> SignedIntent:
        """``intent`` with its signature.

        Raises :class:`InvalidInput` with a code of :func:`~offbeat.intents.recover` for what is
        no signature, or ``signature_foreign`` for one by another key than ``address``.
        """
        if self._key is not None:
            return sign(intent, self._key, domain)
        assert self._external is not None, "one or the other"
        data = typed_data(intent, domain)
        if inspect.iscoroutinefunction(self._external):
            answer = await self._external(data)
        else:
            # A hardware wallet waits for its owner: nothing else may wait for both.
            answer = await asyncio.to_thread(self._external, data)
        signature = canonical_signature(
            _bytes(await answer if inspect.isawaitable(answer) else answer)
        )
        signer = recover(intent_hash(intent, domain), signature)
        if self.address is not None and signer != self.address:
            raise InvalidInput("signature_foreign", "another key has signed, or another message")
        return SignedIntent(intent, signature)


def open_keystore(path: str | Path, password: str) -> bytes:
    """The private key in an encrypted keystore file.

    Raises :class:`InvalidInput` with code ``key_unreadable``, ``keystore_invalid`` or
    ``password_wrong``.
    """
    from eth_account import Account

    try:
        return bytes(Account.decrypt(json.loads(Path(path).read_text()), password))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("key_unreadable", f"cannot read {path}") from error
    except json.JSONDecodeError as error:
        raise InvalidInput("keystore_invalid", f"{path} is not JSON") from error
    except ValueError as error:
        raise InvalidInput("password_wrong", "the password does not open it") from error
    except (KeyError, TypeError, NotImplementedError) as error:
        raise InvalidInput("keystore_invalid", f"{path} is not a keystore") from error


def _private_key(given: bytes | str | PrivateKey) -> PrivateKey:
    # No message repeats the key, nor does the cause of any.
    if isinstance(given, PrivateKey):
        return given
    try:
        raw = bytes.fromhex(given.strip().removeprefix("0x")) if isinstance(given, str) else given
        if len(raw) == 32:
            return PrivateKey(raw)
    except ValueError:
        pass
    raise InvalidInput("private_key_invalid", "a private key is 32 bytes, not 0 nor too large")


def _bytes(signature: Signature) -> bytes:
    if isinstance(signature, str):
        try:
            return bytes.fromhex(signature.removeprefix("0x"))
        except ValueError as error:
            raise InvalidInput("signature_length", "a signature is hexadecimal") from error
    return bytes(signature)
