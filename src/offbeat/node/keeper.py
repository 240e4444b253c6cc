"""Keeps tasks going: what a dependency does to them passes, what else goes wrong does not."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from offbeat.core import ChainError, OffbeatError, OutcomeUnknown, Refused, Unavailable

BACK_OFF_SECONDS: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Between failures in a row; the last holds for all that follow."""
_log = structlog.get_logger()


class Keeper:
    """Runs named tasks, each step by step. ``now_ms`` is a clock that never goes back."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._troubles: dict[str, tuple[int, OffbeatError]] = {}

    def troubles(self, for_ms: int = 0) -> dict[str, OffbeatError]:
        """What keeps tasks from their work, by their names, and has for so long."""
        since_ms = self._now_ms() - for_ms
        return {name: error for name, (at_ms, error) in self._troubles.items() if at_ms <= since_ms}

    async def keep(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        """Take one step after another, until one fails for no fault of a dependency."""
        failures = 0
        while True:
            try:
                await step()
            except (Unavailable, ChainError, Refused, OutcomeUnknown) as error:
                since_ms, _ = self._troubles.get(name, (self._now_ms(), error))
                if not failures:
                    _log.warning("trouble", task=name, code=error.code, message=error.message)
                self._troubles[name] = since_ms, error
                await asyncio.sleep(BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)])
                failures += 1
            else:
                if failures:
                    _log.info("trouble_over", task=name)
                failures = 0
                self._troubles.pop(name, None)
