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
    """A :class:`ReportSource` of reporters' servers, each at ``{url}/report``."""

    def __init__(self, urls: Sequence[str], rules: Rules) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._rules = rules
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)

    async def latest(self) -> Attested | None:
        """See :class:`ReportSource`."""
        answers = await asyncio.gather(*map(self._ask, self._urls))
        found = [each for each in answers if each is not None]
        if len(found) < self._rules.reporters.threshold:
            raise Unavailable(
                "reports_unavailable", f"{len(found)} of {len(answers)} reporters answer"
            )
        return newest(found, self._rules)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def _ask(self, url: str) -> Signed | None:
        """A reporter's answer, if it makes sense."""
        try:
            async with self._client.stream("GET", f"{url}/report") as response:
                response.raise_for_status()
                body = bytearray()
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > MAX_ANSWER_BYTES:
                        return None
            return Signed.from_json(json.decode(bytes(body)))
        except (httpx.HTTPError, DecodeError, InvalidInput):
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
