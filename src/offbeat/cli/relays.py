"""Relays, account and key of a command: from flags, environment, project file and user file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.console import Console

from offbeat.cli.keys import ENVIRONMENT, KeySource
from offbeat.cli.output import ExitCode, Result, facts, progress
from offbeat.core.lifecycle import IntentStatus
from offbeat.sdk import Client, IntentState, client_arguments, read_settings

FILE_NAME: Final = "offbeat.toml"
_KEYS: Final = ("keystore", "password_file", "key_file")


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """Where to trade and for which account.

    Flags come before ``OFFBEAT_…`` variables, those before the table ``[client]`` of offbeat.toml
    in this directory, and that before the one in the user's configuration directory.
    """

    relay: Annotated[
        list[str] | None,
        Parameter(help="URL of a relay; repeat it for several. [env: OFFBEAT_RELAYS]", negative=""),
    ] = None
    owner: Annotated[str | None, Parameter(help="Whose account, if not the key's.")] = None
    account: Annotated[int | None, Parameter(help="Index of the owner's account.")] = None
    lane: Annotated[int | None, Parameter(help="Nonce lane to keep to.")] = None
    max_fee: Annotated[str | None, Parameter(help="Most that an intent may cost.")] = None

    def client(self, key: KeySource | None) -> Client:
        """A client; without a key it only looks."""
        settings = read_settings(files=(Path(FILE_NAME), _user_file()))
        arguments = client_arguments(
            {name: value for name, value in settings.items() if name not in (*_KEYS, "private_key")}
        )
        flags = {
            "relays": self.relay,
            "owner": self.owner,
            "account": self.account,
            "lane": self.lane,
            "max_fee": self.max_fee,
        }
        arguments |= {name: value for name, value in flags.items() if value is not None}
        arguments["signer"] = None if key is None else _key(key, settings).load()
        return Client(**arguments)


NOWHERE: Final = Venue()
"""Nothing said: environment and files must."""


def follow(client: Client, state: IntentState, stop_at: IntentStatus) -> IntentState:
    """Watch an intent until it reaches a state, or its end; tells each state on stderr."""
    with progress(f"{state.intent_hash[:12]}…") as update:
        for told in client.watch(state):
            state = told
            update(told.status.name.lower())
            if told.status is stop_at:
                break
    return state


def outcome(state: IntentState, wanted: IntentStatus = IntentStatus.FINAL) -> Result:
    """An intent's state as an answer; exits with 3 where it came to another end than wanted."""
    bad = state.is_closed and state.status is not wanted
    return Result(
        state_data(state),
        lambda console: console.print(facts("Intent", state_facts(state))),
        ExitCode.REJECTED if bad else ExitCode.OK,
    )


def outcomes(states: list[IntentState]) -> Result:
    """Several intents as one answer."""

    def show(console: Console) -> None:
        for state in states:
            console.print(facts("Intent", state_facts(state)))

    bad = any(outcome(state).exit_code for state in states)
    data = {"intents": [state_data(state) for state in states]}
    return Result(data, show, ExitCode.REJECTED if bad else ExitCode.OK)


def state_data(state: IntentState) -> dict[str, Any]:
    """A state for programs; amounts in micros."""
    return {
        "intent_hash": state.intent_hash,
        "kind": state.kind,
        "status": state.status.name.lower(),
        "reason": state.reason,
        "filled_micros": state.filled_micros,
        "paid_micros": state.paid_micros,
        "fee_micros": state.fee_micros,
        "batch_hash": state.batch_hash,
    }


def state_facts(state: IntentState) -> dict[str, str]:
    """A state for people."""
    shown = {
        "intent": state.intent_hash,
        "kind": state.kind,
        "status": state.status.name.lower(),
        "reason": state.reason,
        "filled": f"{state.filled:,}" if state.filled else "",
        "paid": f"{state.paid:,}" if state.paid else "",
        "fee": f"{state.fee:,}" if state.fee else "",
        "batch": state.batch_hash or "",
    }
    return {name: text for name, text in shown.items() if text}


def _key(flags: KeySource, settings: dict[str, Any]) -> KeySource:
    if flags != ENVIRONMENT:
        return flags
    named: dict[str, Any] = {name: Path(settings[name]) for name in _KEYS if name in settings}
    return KeySource(**named)


def _user_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "offbeat" / FILE_NAME
