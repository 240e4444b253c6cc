"""Whole markets, real and synthetic, on a virtual clock, and an independent audit of them.

Names are imported when first used: the auditor must not load a room that it audits, and fitting a
surface needs SciPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from offbeat.sim.book_report import load_report
    from offbeat.sim.crash_market import load_crash
    from offbeat.sim.crash_tally import CrashTally, tally_crash
    from offbeat.sim.demo_market import build_demo
    from offbeat.sim.engine import Progress, Run, run_scenario
    from offbeat.sim.ledger import BatchRecord, Expired, Fate, Ledger
    from offbeat.sim.live_crowd import Crowd
    from offbeat.sim.live_market import live_report
    from offbeat.sim.live_summary import LiveSummary, summarise_live
    from offbeat.sim.replay_market import load_replay
    from offbeat.sim.reporter_sources import FolderSource, InventedSource
    from offbeat.sim.scenario import Role, Scenario
    from offbeat.sim.summarise import conclude
    from offbeat.sim.summary import Structure, Summary

__all__ = [
    "BatchRecord",
    "CrashTally",
    "Crowd",
    "Expired",
    "Fate",
    "FolderSource",
    "InventedSource",
    "Ledger",
    "LiveSummary",
    "Progress",
    "Role",
    "Run",
    "Scenario",
    "Structure",
    "Summary",
    "build_demo",
    "conclude",
    "live_report",
    "load_crash",
    "load_replay",
    "load_report",
    "run_scenario",
    "summarise_live",
    "tally_crash",
]

_HOMES: Final = {
    "BatchRecord": "ledger",
    "CrashTally": "crash_tally",
    "Crowd": "live_crowd",
    "Expired": "ledger",
    "Fate": "ledger",
    "FolderSource": "reporter_sources",
    "InventedSource": "reporter_sources",
    "Ledger": "ledger",
    "LiveSummary": "live_summary",
    "Progress": "engine",
    "Role": "scenario",
    "Run": "engine",
    "Scenario": "scenario",
    "Structure": "summary",
    "Summary": "summary",
    "build_demo": "demo_market",
    "conclude": "summarise",
    "live_report": "live_market",
    "load_crash": "crash_market",
    "load_replay": "replay_market",
    "load_report": "book_report",
    "run_scenario": "engine",
    "summarise_live": "live_summary",
    "tally_crash": "crash_tally",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value
