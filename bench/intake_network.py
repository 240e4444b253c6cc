"""A relay and its chain for measuring: real processes, the relay as an operator runs it."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import uvicorn
from coincurve import PrivateKey

from offbeat.chain import Deployment, EmbeddedChain, rpc_app
from offbeat.cli.devnet_market import found
from offbeat.cli.devnet_plan import Devnet, draw_keys
from offbeat.node import listen, url_of

N_TRADERS = 8
_PAST_SECONDS = 3_600
"""The chain begins so long ago: founding takes more blocks than seconds."""
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_WITHOUT_BOUNDS = (
    "log_level=warning",
    "api.requests_per_second=0",
    f"relay.max_open_per_account={2**31}",
    f"relay.max_open={2**31}",
)


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay that takes work: a process of its own."""

    url: str
    pid: int
    deployment: Deployment
    traders: list[PrivateKey]

    def processor_seconds(self) -> float:
        """What all its threads have computed so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """The memory that it occupies."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_BYTES


@contextmanager
def running_relay() -> Iterator[Relay]:
    """``offbeat node run`` on SQLite and on a chain in another process.

    It takes in, stores and follows; batches are another relay's business, as settings allow.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        chain = _start(stack, [sys.executable, __file__, str(folder)])
        deployment = folder / "deployment.json"
        rpc_url = _line(chain, "listening on ").split()[-1]
        command = [str(Path(sys.executable).with_name("offbeat")), "node", "run"]
        command += [f"--rpc={rpc_url}", f"--deployment={deployment}", "--port=0"]
        command += [f"--store=sqlite:///{folder / 'store.db'}"]
        command += [f"--set={each}" for each in _WITHOUT_BOUNDS]
        relay = _start(stack, command)
        url = _line(relay, "listening on ").split()[-1]
        _wait_until_ready(url)
        keys = (folder / "keys").glob("trader-*")
        yield Relay(
            url=url,
            pid=relay.pid,
            deployment=Deployment.from_json(json.loads(deployment.read_text())),
            traders=[PrivateKey.from_hex(each.read_text().strip()) for each in keys],
        )


def _start(stack: ExitStack, command: list[str]) -> "subprocess.Popen[str]":
    process = stack.enter_context(
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    )
    stack.callback(process.terminate)
    return process


def _line(process: "subprocess.Popen[str]", start: str) -> str:
    """The first line that begins so."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        if line.startswith(start):
            return line.strip()
        said.append(line)
    raise RuntimeError("".join(said))


def _wait_until_ready(url: str) -> None:
    for _ in range(200):
        with suppress(HTTPError):
            urlopen(f"{url}/readyz").close()
            return
        time.sleep(0.1)
    raise RuntimeError("the relay does not become ready")


def _serve_chain(folder: Path) -> None:
    """The chain's process: founds everything and serves JSON-RPC."""
    plan = Devnet(folder, draw_keys(folder / "keys", 1, N_TRADERS), "")
    chain = EmbeddedChain(genesis_seconds=int(time.time()) - _PAST_SECONDS)
    deployment = found(chain, plan)
    plan.deployment_file.write_text(json.dumps(deployment.to_json()))
    with listen("127.0.0.1", 0) as listening:
        print(f"listening on {url_of(listening)}", file=sys.stderr, flush=True)
        server = uvicorn.Server(uvicorn.Config(rpc_app(chain), log_config=None, ws="none"))
        asyncio.run(server.serve(sockets=[listening]))


if __name__ == "__main__":
    _serve_chain(Path(sys.argv[1]))
