"""Signing keys: from a keystore, a file or the environment, never from an argument."""

import getpass
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from offbeat.core import InvalidInput

DEFAULT_VARIABLE: Final = "OFFBEAT_PRIVATE_KEY"
_HEX_KEY: Final = re.compile("(?:0x)?([0-9a-fA-F]{64})")


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class KeySource:
    """Where the signing key is."""

    keystore: Annotated[
        Path | None, Parameter(help="Encrypted keystore file; asks for its password.")
    ] = None
    password_file: Annotated[
        Path | None, Parameter(help="File with the keystore's password, instead of asking.")
    ] = None
    key_file: Annotated[Path | None, Parameter(help="File with a private key in hexadecimal.")] = (
        None
    )
    key_env: Annotated[
        str | None,
        Parameter(help=f"Environment variable with a private key. [default: {DEFAULT_VARIABLE}]"),
    ] = None

    def load(self) -> bytes:
        """The private key (32 bytes).

        Raises :class:`InvalidInput` with code ``key_ambiguous``, ``key_missing``,
        ``key_unreadable``, ``keystore_invalid`` or ``password_wrong``; no message repeats a key.
        """
        given = [each for each in (self.keystore, self.key_file, self.key_env) if each is not None]
        if len(given) > 1:
            raise InvalidInput("key_ambiguous", "give one of --keystore, --key-file, --key-env")
        if self.keystore is not None:
            return self._decrypt(self.keystore)
        if self.key_file is not None:
            return _parse(_read(self.key_file), "the key file")
        text = os.environ.get(self.key_env or DEFAULT_VARIABLE)
        if text is None:
            # Not its name: somebody may have put the key itself there.
            raise InvalidInput("key_missing", "no keystore, no key file, no such variable")
        return _parse(text, "the environment variable")

    def _decrypt(self, keystore: Path) -> bytes:
        try:
            envelope = json.loads(_read(keystore))
        except ValueError as error:
            raise InvalidInput("keystore_invalid", f"{keystore} is not JSON") from error
        from eth_account import Account

        try:
            return bytes(Account.decrypt(envelope, self._password()))
        except ValueError as error:
            raise InvalidInput("password_wrong", "the password does not open it") from error
        except (KeyError, TypeError, NotImplementedError) as error:
            raise InvalidInput("keystore_invalid", f"{keystore} is not a keystore") from error

    def _password(self) -> str:
        if self.password_file is not None:
            return _read(self.password_file).rstrip("\r\n")
        if not _can_ask():
            raise InvalidInput("key_missing", "no terminal to ask: give --password-file")
        return getpass.getpass("Password: ")


ENVIRONMENT: Final = KeySource()
"""Nothing said: the key is in the default variable."""


def _can_ask() -> bool:
    return sys.stdin.isatty() or sys.stderr.isatty()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("key_unreadable", f"cannot read {path}") from error


def _parse(text: str, where: str) -> bytes:
    match = _HEX_KEY.fullmatch(text.strip())
    if match is None:
        raise InvalidInput("key_unreadable", f"{where} has no private key of 32 bytes in it")
    return bytes.fromhex(match[1])
