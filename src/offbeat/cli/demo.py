"""``offbeat demo``: a whole network in a minute, one relay of it killed in the middle."""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from rich.console import Console

from offbeat import chain
from offbeat.cli.devnet_plan import Devnet, draw_keys
from offbeat.cli.network import Network, free_ports, running
from offbeat.cli.node import run_async
from offbeat.cli.output import ExitCode, Result, facts, stderr
from offbeat.sdk import AsyncClient, IntentState
from offbeat.sim import Crowd, LiveSummary, live_report, summarise_live

N_RELAYS: Final = 2
N_TRADERS: Final = 8
ROUNDS: Final = 10
ROUND_SECONDS: Final = 1.0
KILL_ROUND: Final = 3
RESTART_ROUND: Final = 6
FINAL_SECONDS: Final = 90
"""By when everything that was acknowledged must have ended."""


def demo() -> Result:
    """Trade on a network of two relays, one of which is killed and started again.

    An EVM in this process, two relay processes on one store, and traders who send every intent to
    both, twice. Exits with 1 if anything is lost, doubled or told differently by the relays, or if
    the auditor objects.
    """
    found: list[LiveSummary] = []

    async def main() -> None:
        with tempfile.TemporaryDirectory(prefix="offbeat-demo-") as folder:
            found.append(await _run(Path(folder).resolve()))

    run_async(main)
    summary = found[0]
    return Result(
        data=summary.to_json(),
        show=lambda console: _show(console, summary),
        exit_code=ExitCode.OK if summary.ok else ExitCode.FAILURE,
    )


async def _run(folder: Path) -> LiveSummary:
    keys = draw_keys(folder / "keys", N_RELAYS, N_TRADERS)
    plan = Devnet(folder, keys, f"sqlite:///{folder / 'store.db'}")
    _say("founding a network: contracts, tokens, deposits, two relays on one store")
    async with running(plan, free_ports(N_RELAYS)) as network, AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(AsyncClient(network.urls, key))
            for name, key in keys.items()
            if name.startswith("trader-")
        ]
        crowd = Crowd(clients, n_relays=N_RELAYS)
        await _trade(network, crowd)
        _say("waiting until everything is final")
        await crowd.settle(FINAL_SECONDS)
        views = [await _view(url, crowd) for url in network.urls]
        _say("auditing the chain")
        return await asyncio.to_thread(
            lambda: summarise_live(
                chain.RpcChain(network.rpc_url),
                network.deployment,
                crowd,
                views,
                _submitters(plan),
                kills=1,
            )
        )


async def _trade(network: Network, crowd: Crowd) -> None:
    """Rounds of everybody, with a kill and a restart between them."""
    loop = asyncio.get_running_loop()
    restarted: asyncio.Task[str] | None = None
    for number in range(1, ROUNDS + 1):
        begins = loop.time()
        if number == KILL_ROUND:
            await network.relays[0].kill()
            _say("relay 1 is killed")
        if number == RESTART_ROUND:
            restarted = asyncio.create_task(network.relays[0].start())
            _say("relay 1 starts again")
        report = live_report(int(time.time()))
        await crowd.trade(report, number, N_TRADERS // 2)
        await crowd.rest_and_cancel(report, number)
        _say(f"round {number} of {ROUNDS}: {len(crowd.sent)} intents acknowledged")
        await asyncio.sleep(max(0.0, begins + ROUND_SECONDS - loop.time()))
    if restarted is not None:
        await restarted


async def _view(url: str, crowd: Crowd) -> Mapping[str, IntentState]:
    """What one relay alone says of everything that was acknowledged."""
    async with AsyncClient(url) as client:
        states = await asyncio.gather(*(client.intent(each.intent_hash) for each in crowd.sent))
        return {state.intent_hash: state for state in states}


def _submitters(plan: Devnet) -> Mapping[bytes, str]:
    return {
        address: f"relay {name.split('-')[1]}"
        for name, address in plan.addresses("submitter").items()
    }


def _say(text: str) -> None:
    stderr().print(text, markup=False, soft_wrap=True)


def _show(console: Console, summary: LiveSummary) -> None:
    batches = [each for each in summary.batches if each.intents]
    rows = {
        "intents": f"{summary.acknowledged:,} signed once and acknowledged, "
        f"sent {summary.sent:,} times to {summary.relays} relays",
        "ended": ", ".join(f"{count:,} {fate}" for fate, count in sorted(summary.fates.items())),
        "refused": ", ".join(f"{n:,} {code}" for code, n in sorted(summary.refused.items())),
        "filled": ", ".join(f"{n:,} {name}" for name, n in sorted(summary.strategies.items())),
        "batches": f"{len(batches):,} with {sum(each.intents for each in batches):,} intents; "
        + ", ".join(f"{who} landed {n}" for who, n in sorted(summary.landed_by.items())),
        "gas per intent": f"{summary.gas_per_intent:,}",
        "killed": "relay 1, by surprise, and started again",
        "lost": f"{len(summary.lost):,}",
        "told differently": f"{len(summary.disputed):,}",
        "settled": f"{summary.settled:,} say the relays, {summary.settled_on_chain:,} say the "
        "batches on chain",
        "audit": _verdict(summary),
    }
    console.print(facts("A network in a minute", {k: v for k, v in rows.items() if v}))


def _verdict(summary: LiveSummary) -> str:
    checks = summary.audit.checks
    failed = [each.name for each in checks if not each.ok]
    return f"fails {', '.join(failed)}" if failed else f"{len(checks)} checks, no fault"
