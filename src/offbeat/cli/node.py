"""``offbeat node``: run a relay, and show what it is set to."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Console

from offbeat.cli.output import ExitCode, Result, stderr, table
from offbeat.core import InvalidInput
from offbeat.node import Settings, flatten, load_settings, run_node, settings_files

app = App(name="node", help="Run a relay, and show what it is set to.")

_SIGNS = {"gt": ">", "ge": "≥", "le": "≤"}
_GROUPS = ("relay", "fees", "api")

Config = Annotated[
    Path | None, Parameter(help="Project file. [default: offbeat.toml, where there is one]")
]
Changes = Annotated[
    tuple[str, ...],
    Parameter(name="--set", help="NAME=VALUE of any setting, like fees.stagger_seconds=3."),
]


@app.command
def run(
    *,
    config: Config = None,
    rpc: Annotated[str | None, Parameter(help="URL of a node of the chain.")] = None,
    deployment: Annotated[Path | None, Parameter(help="The deployment file.")] = None,
    store: Annotated[str | None, Parameter(help="URL of the store.")] = None,
    host: Annotated[str | None, Parameter(help="Address of the API.")] = None,
    port: Annotated[int | None, Parameter(help="Port of the API.")] = None,
    changes: Changes = (),
) -> ExitCode:
    """Run a relay until SIGTERM or Ctrl-C, which let open requests finish.

    A flag comes before the environment, that before the project's file, that before the user's;
    ``offbeat node settings`` shows all of them. Exits with 2 for a wrong setting, 4 where chain or
    store cannot be reached at the start, 1 where the relay cannot go on.
    """
    flags = {
        "rpc_url": rpc,
        "deployment": deployment,
        "store_url": store,
        "host": host,
        "port": port,
    }
    settings = _load(config, flags, changes)
    run_async(
        lambda: run_node(
            settings, lambda url: stderr().print(f"listening on {url}", soft_wrap=True)
        )
    )
    return ExitCode.OK


@app.command(name="settings")
def show_settings(*, config: Config = None, changes: Changes = ()) -> Result:
    """Show every setting, its value here, its bounds and its meaning."""
    settings = _load(config, {"rpc_url": None, "deployment": None}, changes, partial=True)
    values = dict(_values(settings))

    def show(console: Console) -> None:
        listing = table("Settings", "name", "value", "bounds and meaning")
        for name, value in values.items():
            listing.add_row(name, value, _meaning(name))
        console.print(listing)

    return Result(values, show)


def run_async(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine on the fastest event loop that there is."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main())
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main())


async def until_signal() -> None:
    """Wait for SIGTERM or Ctrl-C."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopped.set)
    await stopped.wait()


def _load(
    config: Path | None, flags: dict[str, Any], changes: tuple[str, ...], *, partial: bool = False
) -> Settings:
    if config is not None and not config.is_file():
        raise InvalidInput("file_unreadable", f"cannot read {config}")
    given = {name: value for name, value in flags.items() if value is not None}
    for change in changes:
        _put(given, change)
    files = settings_files() if config is None else settings_files(config)
    if not partial:
        return load_settings(given, files)
    try:
        return load_settings(given, files)
    except InvalidInput:
        # Nothing is known of the two that must be given: show the others all the same.
        return load_settings({"rpc_url": "?", "deployment": "?"} | given, files)


def _put(flags: dict[str, Any], change: str) -> None:
    """Add ``a.b=value`` to nested flags."""
    name, equals, value = change.partition("=")
    if not equals:
        raise InvalidInput("usage", f"--set takes NAME=VALUE, not {change}")
    *groups, last = name.split(".")
    for group in groups:
        flags = flags.setdefault(group, {})
    flags[last] = value


def _values(settings: Settings) -> list[tuple[str, str]]:
    values = []
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if name in _GROUPS:
            values += [(f"{name}.{member}", str(each)) for member, each in flatten(value)]
        elif isinstance(value, tuple):
            values.append((name, ", ".join(map(str, value))))
        elif name == "rpc_url":
            values.append((name, "given" if value != "?" else "missing"))
        elif name == "store_url":
            values.append((name, value.rpartition("@")[2]))  # what precedes it may be a password
        else:
            values.append((name, "" if value is None else str(value)))
    return values


def _meaning(name: str) -> str:
    """A member of a group is explained with its group."""
    group, _, _member = name.partition(".")
    field = Settings.model_fields[group]
    bounds = [
        f"({sign} {getattr(each, bound)})"
        for each in field.metadata
        for bound, sign in _SIGNS.items()
        if hasattr(each, bound)
    ]
    return " ".join([field.description or "", *bounds])
