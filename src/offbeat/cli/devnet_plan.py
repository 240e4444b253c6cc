"""What a development network consists of, and the files that say so."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from coincurve import PrivateKey

from offbeat.intents import address_of, address_text

N_REPORTERS: Final = 3
N_SUBMITTERS: Final = 2
"""Of each relay."""


@dataclass(frozen=True, slots=True)
class Devnet:
    """A network in one folder; ``keys`` (32 bytes each) are by name."""

    folder: Path
    keys: Mapping[str, bytes]
    store_url: str

    @property
    def deployment_file(self) -> Path:
        """Where Offbeat stands on the network's chain."""
        return self.folder / "deployment.json"

    def addresses(self, role: str) -> dict[str, bytes]:
        """The addresses of everybody whose name begins with a role."""
        return {
            name: address_of(key) for name, key in self.keys.items() if name.startswith(f"{role}-")
        }

    def key_file(self, name: str) -> Path:
        """Where a key is."""
        return self.folder / "keys" / name

    def write_node(
        self, number: int, rpc_url: str, reporter_urls: Sequence[str], port: int
    ) -> Path:
        """The settings file of a relay, which can be started again with it."""
        submitters = [f"submitter-{number + 1}-{each + 1}" for each in range(N_SUBMITTERS)]
        settings: dict[str, Any] = {
            "rpc_url": rpc_url,
            "deployment": str(self.deployment_file),
            "store_url": self.store_url,
            "port": port,
            "sequencer_key_file": str(self.key_file("sequencer-1")),
            "submitter_key_files": [str(self.key_file(each)) for each in submitters],
            "clearing_key_file": str(self.key_file(f"clearer-{number + 1}")),
            "reporter_urls": list(reporter_urls),
            "cors_origins": ["*"],
            "log_format": "text",
        }
        lines = ["[node]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]
        # Blocks come each second: what is right for twelve would be slow here.
        lines += ["", "[node.fees]", "patience_seconds = 4", "stagger_seconds = 2", ""]
        file = self.folder / f"node-{number + 1}.toml"
        _write(file, "\n".join(lines), 0o644)
        return file

    def write_summary(
        self, rpc_url: str, reporter_urls: Sequence[str], relays: Sequence[str]
    ) -> dict[str, Any]:
        """Everything that a program must know to use the network, also as devnet.json."""
        deployment = json.loads(self.deployment_file.read_text())
        summary = {
            "folder": str(self.folder),
            "rpc_url": rpc_url,
            "chain_id": deployment["chain_id"],
            "deployment": str(self.deployment_file),
            "store_url": self.store_url,
            "relays": list(relays),
            "reporters": list(reporter_urls),
            "traders": {
                name: {"address": address_text(address), "key_file": str(self.key_file(name))}
                for name, address in self.addresses("trader").items()
            },
        }
        draft = self.folder / "devnet.json.new"
        _write(draft, json.dumps(summary, indent=2) + "\n", 0o644)
        os.replace(draft, self.folder / "devnet.json")
        client = [
            "[client]",
            f"relays = {json.dumps(list(relays))}",
            f"key_file = {json.dumps(str(self.key_file('trader-1')))}",
        ]
        _write(self.folder / "offbeat.toml", "\n".join([*client, ""]), 0o644)
        return summary


def draw_keys(folder: Path, n_nodes: int, n_traders: int) -> dict[str, bytes]:
    """Fresh keys by name, each in a file that its owner alone can read."""
    names = ["deployer", "sequencer-1"]
    names += [f"reporter-{number + 1}" for number in range(N_REPORTERS)]
    names += [
        f"submitter-{node + 1}-{number + 1}"
        for node in range(n_nodes)
        for number in range(N_SUBMITTERS)
    ]
    names += [f"clearer-{node + 1}" for node in range(n_nodes)]
    names += [f"trader-{number + 1}" for number in range(n_traders)]
    folder.mkdir(mode=0o700)
    keys = {name: PrivateKey(secrets.token_bytes(32)).secret for name in names}
    for name, key in keys.items():
        _write(folder / name, key.hex() + "\n", 0o600)
    return keys


def _write(file: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as opened:
        opened.write(text)
