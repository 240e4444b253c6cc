"""Oracle reports from reporters' servers: what a quorum of them says alike."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import httpx
from msgspec import DecodeError, json

from offbeat.core import InvalidInput, Unavailable
from offbeat.intents import recover, report_digest
from offbeat.oracle import Report
from offbeat.rulebook import Quorum, Rules
from offbeat.wire import report_from_json

MAX_ANSWER_BYTES: Final = 4_000_000
TIMEOUT_SECONDS: Final = 2.0
"""For one reporter's whole answer."""
GRACE_SECONDS: Final = 0.1
"""How long the others have for theirs once a quorum has answered alike."""


@dataclass(frozen=True, slots=True)
class Attested:
    """A report, and the reporters' certificate of it."""

    report: Report
    attestation: bytes


@dataclass(frozen=True, slots=True)
class Signed:
    """A report as one reporter (its index in the contract's quorum) has signed it, r ‖ s ‖ v."""

    report: Report
    signer: int
    signature: bytes

    @classmethod
    def from_json(cls, raw: Any) -> "Signed":
        """From a server's answer; raises :class:`InvalidInput` (``report_malformed``, …)."""
        try:
            signer, text = int(raw["signer"]), str(raw["signature"])
            return cls(
                report_from_json(raw["report"]), signer, bytes.fromhex(text.removeprefix("0x"))
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidInput("report_malformed", f"not a signed report: {error!r}") from error


class ReportSource(Protocol):
    """Where a relay has its reports from."""

    async def latest(self) -> Attested | None:
        """The latest report that a quorum attests; None where there is none.

        Raises :class:`Unavailable` where nobody can say.
        """


class ReportFeed:
    """A :class:`ReportSource` of reporters' servers, each at ``{url}/report``.

    All are asked at once, and nobody waits for one that hangs where others make a quorum.
    """

    def __init__(self, urls: Sequence[str], rules: Rules) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._rules = rules
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)

    async def latest(self) -> Attested | None:
        """See :class:`ReportSource`."""
        asked = {asyncio.create_task(self._ask(url)) for url in self._urls}
        found: list[Signed] = []
        best, waiting = None, asked
        try:
            while waiting:
                patience_seconds = None if best is None else GRACE_SECONDS
                done, waiting = await asyncio.wait(
                    waiting, timeout=patience_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                found += filter(None, (each.result() for each in done))
                best = newest(found, self._rules)
        finally:
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        if len(found) < self._rules.reporters.threshold:
            raise Unavailable(
                "reports_unavailable", f"{len(found)} of {len(asked)} reporters answer"
            )
        return best

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def _ask(self, url: str) -> Signed | None:
        """A reporter's answer, if it makes sense."""
        body = bytearray()
        try:
            # A client's own timeout is of each read: who sends byte after byte would never end.
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                self._client.stream("GET", f"{url}/report") as response,
            ):
                response.raise_for_status()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > MAX_ANSWER_BYTES:
                        return None
            return Signed.from_json(json.decode(bytes(body)))
        except (httpx.HTTPError, TimeoutError, DecodeError, InvalidInput):
            return None


def newest(answers: Iterable[Signed], rules: Rules) -> Attested | None:
    """The latest report that enough of the deployment's reporters have signed, if there is one."""
    groups: dict[bytes, tuple[Report, dict[int, bytes]]] = defaultdict()
    for each in answers:
        report = each.report
        digest = report_digest(
            report.timestamp_seconds, report.underlyings_hash, report.rows_root, rules.domain
        )
        if _has_signed(each, digest, rules.reporters):
            groups.setdefault(digest, (report, {}))[1][each.signer] = each.signature
    enough = [
        (report, signatures)
        for report, signatures in groups.values()
        if len(signatures) >= rules.reporters.threshold
    ]
    if not enough:
        return None
    report, signatures = max(enough, key=lambda each: each[0].timestamp_seconds)
    chosen = sorted(signatures)[: rules.reporters.threshold]
    return Attested(report, b"".join(_part(signer, signatures[signer]) for signer in chosen))


def _has_signed(each: Signed, digest: bytes, reporters: Quorum) -> bool:
    try:
        signer = recover(digest, each.signature)
    except InvalidInput:
        return False
    known = reporters.signers
    return 0 <= each.signer < len(known) and known[each.signer] == signer


def _part(signer: int, signature: bytes) -> bytes:
    """One signer's part of a certificate: index, r, EIP-2098's vs."""
    s = int.from_bytes(signature[32:64]) | (signature[64] - 27) << 255
    return bytes((signer,)) + signature[:32] + s.to_bytes(32)
