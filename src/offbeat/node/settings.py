"""Every setting of a node: what it means, in which unit, within which bounds, and where it is from.

A flag comes before the environment, that before the project's file (``offbeat.toml`` where the node
starts) and that before the user's (``$XDG_CONFIG_HOME/offbeat/offbeat.toml``). In a file they stand
in the table ``[node]``; in the environment a setting is ``OFFBEAT_`` and its name in capitals, with
``__`` between a group and a member: ``OFFBEAT_FEES__STAGGER_SECONDS``.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from offbeat.core import InvalidInput
from offbeat.node.api import ApiLimits
from offbeat.node.options import Options
from offbeat.relay import FeePolicy

PREFIX: Final = "OFFBEAT_"
TABLE: Final = "node"
"""The table of ``offbeat.toml`` that is about nodes."""
PROJECT_FILE: Final = Path("offbeat.toml")
MAX_KEYS: Final = 16
MAX_REPORTERS: Final = 20


def settings_files(project: Path = PROJECT_FILE) -> tuple[Path, ...]:
    """The project's file, then the user's own; neither need exist."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return project, Path(home) / "offbeat" / PROJECT_FILE


def _no_negatives(group: Any) -> Any:
    """Counts, times and prices begin at nothing."""
    for name, value in flatten(group):
        if isinstance(value, int | float) and value < 0:
            raise ValueError(f"{name} is negative")
    return group


def _split(value: Any) -> Any:
    """In the environment a list is separated by commas."""
    if not isinstance(value, str):
        return value
    return [each.strip() for each in value.split(",") if each.strip()]


class Settings(BaseSettings):
    """A node's settings. Only ``rpc_url`` and ``deployment`` must be given.

    Raises :class:`~pydantic.ValidationError`; use :func:`load_settings`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )
    rpc_url: Annotated[
        str, Field(min_length=1, description="JSON-RPC of an EVM node; it may hold a key.")
    ]
    deployment: Annotated[Path, Field(description="The file that `offbeat deploy` has written.")]
    store_url: Annotated[
        str, Field(description="sqlite:///path, or postgresql://user@host/name for several relays.")
    ] = "sqlite:///offbeat.db"
    host: Annotated[str, Field(description="Address on which the API listens.")] = "127.0.0.1"
    port: Annotated[
        int, Field(ge=0, le=65_535, description="Port of the API; 0 is any free one.")
    ] = 8420
    sequencer_key_file: Annotated[
        Path | None,
        Field(description="Key that certifies batches; without one others certify."),
    ] = None
    submitter_key_files: Annotated[
        tuple[Path, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(
            max_length=MAX_KEYS,
            description="Keys that pay for landing, no other relay's; without one others land.",
        ),
    ] = ()
    clearing_key_file: Annotated[
        Path | None,
        Field(
            description="Key, no submitter's, that clears forced requests; without one others do."
        ),
    ] = None
    reporter_urls: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(
            max_length=MAX_REPORTERS,
            description="Reporters' servers, each asked for /report; without any, no scan margin.",
        ),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        NoDecode,
        BeforeValidator(_split),
        Field(description="Origins whose web pages may use the API."),
    ] = ()
    rpc_timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="How long an answer of the node may take.")
    ] = 10
    shutdown_seconds: Annotated[
        int, Field(ge=1, le=300, description="How long open requests may take after SIGTERM.")
    ] = 10
    log_level: Annotated[
        str,
        Field(pattern="^(debug|info|warning|error)$", description="Least level that is logged."),
    ] = "info"
    log_format: Annotated[
        str, Field(pattern="^(json|text)$", description="One JSON object a line, or for people.")
    ] = "json"
    relay: Annotated[
        Options,
        AfterValidator(_no_negatives),
        Field(description="Admission, batching, finality; see offbeat.node.Options."),
    ] = Options()
    fees: Annotated[
        FeePolicy,
        AfterValidator(_no_negatives),
        Field(description="What landing may cost; see offbeat.relay.FeePolicy."),
    ] = FeePolicy()
    api: Annotated[
        ApiLimits,
        AfterValidator(_no_negatives),
        Field(description="Bounds of the API; see offbeat.node.api.ApiLimits."),
    ] = ApiLimits()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what :func:`load_settings` has put together."""
        return (init_settings,)


def load_settings(flags: Mapping[str, Any], files: tuple[Path, ...] | None = None) -> Settings:
    """The settings from everywhere; ``files`` are from the first to the last that is asked.

    Raises ``InvalidInput("settings_invalid")``, which names the setting and repeats no value.
    """
    found: dict[str, Any] = {}
    for file in reversed(files if files is not None else settings_files()):
        found = _merge(found, _read(file))
    try:
        environment = EnvSettingsSource(Settings)()
        return Settings(**_merge(_merge(found, environment), flags))
    except ValidationError as error:
        problems = (
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors(include_input=False)
        )
        raise InvalidInput("settings_invalid", "; ".join(problems)) from None
    except InvalidInput as error:
        raise InvalidInput("settings_invalid", error.message) from None
    except SettingsError as error:
        raise InvalidInput("settings_invalid", str(error)) from None


def flatten(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The members of a group of settings by their dotted names, those of groups in it included."""
    for each in fields(group):
        value = getattr(group, each.name)
        if is_dataclass(value):
            yield from flatten(value, f"{prefix}{each.name}.")
        else:
            yield f"{prefix}{each.name}", value


def _read(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text()).get(TABLE, {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput("settings_invalid", f"{file}: {error}") from error
    if not isinstance(table, dict):
        raise InvalidInput("settings_invalid", f"{file}: {TABLE} is a table")
    return table


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping on top of another, group by group."""
    merged = dict(under)
    for name, value in over.items():
        below = merged.get(name)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        merged[name] = _merge(below, value) if both else value  # type: ignore[arg-type]
    return merged
