"""Where a client's settings come from: the environment, read in one place."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from offbeat.core import InvalidInput
from offbeat.sdk.signers import open_keystore

PREFIX: Final = "OFFBEAT_"
TABLE: Final = "client"
"""The table of ``offbeat.toml`` that is about clients; the rest is about nodes."""
_NAMES: Final = (
    "relays",
    "owner",
    "account",
    "lane",
    "max_fee",
    "valid_for_seconds",
    "private_key",
    "key_file",
    "keystore",
    "password_file",
)
_KEYS: Final = frozenset({"private_key", "key_file", "keystore", "password_file"})
_FROM_FILES: Final = frozenset(_NAMES) - {"private_key"}


def read_settings(
    environment: Mapping[str, str] | None = None, files: tuple[Path, ...] = ()
) -> dict[str, Any]:
    """Settings by name: the environment's ``OFFBEAT_RELAYS`` and so on, then the files', the first
    file that names one first. No file holds a private key itself.

    Raises :class:`InvalidInput` with code ``settings_invalid``.
    """
    found: dict[str, Any] = {}
    for file in reversed(files):
        found = _over(found, _read_file(file))
    variables = os.environ if environment is None else environment
    values = {name: variables.get(PREFIX + name.upper(), "") for name in _NAMES}
    return _over(found, {name: text for name, text in values.items() if text})


def client_arguments(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a client that settings stand for; opens a key file or keystore.

    Raises :class:`InvalidInput` with code ``settings_invalid``, or a code of
    :func:`~offbeat.sdk.open_keystore`.
    """
    relays = settings.get("relays", ())
    arguments: dict[str, Any] = {
        "relays": [url.strip() for url in relays.split(",") if url.strip()]
        if isinstance(relays, str)
        else list(relays),
        "signer": _signer(settings),
    }
    for name in ("owner", "max_fee"):
        if name in settings:
            arguments[name] = settings[name]
    for name in ("account", "lane", "valid_for_seconds"):
        if name in settings:
            arguments[name] = _whole(name, settings[name])
    return arguments


def _over(far: dict[str, Any], near: dict[str, Any]) -> dict[str, Any]:
    """Both, the near one first; a key that it names replaces one of another form, too."""
    if near.keys() & _KEYS:
        far = {name: value for name, value in far.items() if name not in _KEYS}
    return far | near


def _signer(settings: Mapping[str, Any]) -> bytes | str | None:
    if "keystore" in settings:
        if "password_file" not in settings:
            raise InvalidInput("settings_invalid", "a keystore needs a password file")
        password = _text(Path(settings["password_file"])).rstrip("\r\n")
        return open_keystore(settings["keystore"], password)
    if "key_file" in settings:
        return _text(Path(settings["key_file"])).strip()
    return settings.get("private_key")


def _read_file(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        table: dict[str, Any] = tomllib.loads(_text(file)).get(TABLE, {})
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput("settings_invalid", f"{file}: {error}") from error
    unknown = set(table) - _FROM_FILES if isinstance(table, dict) else {TABLE}
    if unknown:
        raise InvalidInput("settings_invalid", f"{file}: no such setting: {min(unknown)}")
    return table


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("settings_invalid", f"cannot read {file}") from error


def _whole(name: str, value: object) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if type(value) is not int:
        raise InvalidInput("settings_invalid", f"{name} must be a whole number")
    return value
