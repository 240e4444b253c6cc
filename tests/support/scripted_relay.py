"""A relay that does as it is told: real HTTP and WebSocket, invented answers, planned faults.

Several relays may share one :class:`Ledger`, as real ones share a store. A :class:`Fault` stands
for what happens to one request; a relay takes them in their order, and works well once they are
used up.
"""

import socket
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from offbeat.intents import Domain, SignedIntent, address_text, intent_hash
from offbeat.wire import (
    AccountView,
    Admission,
    Balance,
    DomainView,
    Failed,
    Health,
    IntentView,
    LimitsView,
    MarginView,
    Problem,
    SignedBody,
    Snapshot,
    Subscribe,
    Update,
    signed_from_json,
)

DOMAIN: Final = Domain(31_337, bytes.fromhex("0f" * 20))
_OPEN: Final = ("relayed", "ordered", "cleared", "settled", "cancel_pending")


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one request: it is admitted first or not, and answered like this.

    ``status`` None closes the connection without an answer; 0 gives the right answer after all.
    """

    status: int | None = 0
    admits: bool = False
    retry_after: str | None = None
    code: str = ""
    retryable: bool = False


LOST_ACK: Final = Fault(status=None, admits=True)
LOST_REQUEST: Final = Fault(status=None)


@dataclass
class Ledger:
    """What relays of one store know: intents, and every state that each has had."""

    domain: Domain = DOMAIN
    history: list[IntentView] = field(default_factory=list)
    submissions: list[SignedIntent] = field(default_factory=list)
    """Every intent that ever arrived, admitted or not, as often as it did."""
    record: dict[str, Any] = field(default_factory=lambda: {"cash_micros": "0", "lanes": []})
    script: tuple[str, ...] = ("ordered", "cleared", "settled", "final")
    """The states that an order goes through by itself, once somebody watches it."""

    def hash_of(self, signed: SignedIntent) -> str:
        return f"0x{intent_hash(signed.intent, self.domain).hex()}"

    def latest(self, name: str) -> IntentView | None:
        return next((view for view in reversed(self.history) if view.intent_hash == name), None)

    def admit(self, signed: SignedIntent, body: SignedBody) -> tuple[IntentView, bool]:
        name = self.hash_of(signed)
        known = self.latest(name)
        if known is not None:
            return known, False
        view = IntentView(
            intent_hash=name,
            account_id=f"0x{signed.intent.owner.hex()}{signed.intent.account:08x}",
            kind=body.primary_type,
            status="relayed",
            reason="",
            filled_micros="0",
            paid_micros="0",
            fee_micros="0",
            batch_hash=None,
            received_seconds="100",
            changed_seconds="100",
            cursor=str(len(self.history) + 1),
            message=body.message,
            signature=body.signature,
        )
        self.history.append(view)
        return view, True

    def move(self, name: str, status: str, **changes: str) -> IntentView:
        """The intent's next state."""
        before = self.latest(name)
        assert before is not None, "admitted"
        cursor = len(self.history) + 1
        view = msgspec.structs.replace(
            before,
            status=status,
            cursor=str(cursor),
            changed_seconds=str(100 + cursor),
            **changes,
        )
        self.history.append(view)
        return view

    def advance(self, name: str) -> IntentView | None:
        """Whatever the script has next for an open intent."""
        told = [view for view in self.history if view.intent_hash == name]
        done = len(told) - 1
        if not told or told[-1].status not in _OPEN or done >= len(self.script):
            return None
        view = told[-1]
        fills = self.script[done] in ("settled", "final") and view.kind == "Order"
        quantity = str(view.message.get("quantity", "0")) if fills else view.filled_micros
        return self.move(name, self.script[done], filled_micros=quantity)

    def next_numbers(self) -> list[str]:
        used = {int(view.message["nonce"]) for view in self.history if view.status in _OPEN}
        return [str(next(n for n in range(len(used) + 1) if n not in used))]


class ScriptedRelay:
    """One relay over real sockets; ``url`` is its base."""

    def __init__(self, ledger: Ledger, faults: Iterable[Fault] = ()) -> None:
        self.ledger = ledger
        self.faults: deque[Fault] = deque(faults)
        """For requests that submit or look up intents."""
        self.stream_faults: deque[str] = deque()
        """For connections: refuse, drop (after one message), skip (a seq) or garbage."""
        self.refused: set[str] = set()
        self.requests: list[str] = []
        self.subscriptions: list[Subscribe] = []
        self.simulated: list[Any] = []
        self.url = ""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/domain", self._domain),
                Route("/v1/limits", self._limits),
                Route("/v1/accounts/{account}", self._account),
                Route("/v1/margin/simulate", self._simulate, methods=["POST"]),
                Route("/v1/intents", self._submit, methods=["POST"]),
                Route("/v1/intents/{name}", self._intent),
                WebSocketRoute("/v1/stream", self._stream),
            ]
        )

    async def _domain(self, request: Request) -> Response:
        domain = self.ledger.domain
        return _json(
            DomainView(
                domain={
                    "name": "Offbeat",
                    "version": "1",
                    "chainId": str(domain.chain_id),
                    "verifyingContract": address_text(domain.verifying_contract),
                },
                types={},
                primary_types=["Order"],
                cash_symbol="USDC",
                deployment={},
            )
        )

    async def _limits(self, request: Request) -> Response:
        return _json(LimitsView(node={"open_intents": "64"}, protocol={"legs": "4"}))

    async def _account(self, request: Request) -> Response:
        self.requests.append("account")
        return _json(
            AccountView(
                account_id=request.path_params["account"],
                record={"positions": [], **self.ledger.record},
                balances=[Balance("USDC", "1500000", "0")],
                next_numbers=self.ledger.next_numbers(),
                open_intents=0,
                batch_number="0",
                block_number="0",
            )
        )

    async def _simulate(self, request: Request) -> Response:
        self.simulated.append(msgspec.json.decode(await request.body()))
        health = Health(True, "0", None, None)
        return _json(MarginView(health, Health(False, "1500000000000", True, "0"), "-3310000000"))

    async def _submit(self, request: Request) -> Response:
        raw = await request.body()
        if raw.startswith(b"["):
            return self._submit_array(msgspec.json.decode(raw, type=list[msgspec.Raw]))
        signed = signed_from_json(raw, self.ledger.domain)
        self.requests.append("submit")
        self.ledger.submissions.append(signed)
        if self.ledger.hash_of(signed) in self.refused:
            return _failure(Fault(422, code="unhealthy"))
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.admits or fault.status == 0:
            view, is_new = self.ledger.admit(signed, msgspec.json.decode(raw, type=SignedBody))
            if fault.status == 0:
                return _json(view, 201 if is_new else 200)
        return _failure(fault)

    def _submit_array(self, raws: list[msgspec.Raw]) -> Response:
        """A fault befalls the whole array; ``refused`` are hashes that are never taken."""
        self.requests.append("array")
        fault = self.faults.popleft() if self.faults else Fault()
        admissions = []
        for raw in map(bytes, raws):
            signed = signed_from_json(raw, self.ledger.domain)
            self.ledger.submissions.append(signed)
            if self.ledger.hash_of(signed) in self.refused:
                said = Problem("about:blank", "", 422, "unhealthy", "planned", False)
                admissions.append(Admission(422, problem=said))
            elif fault.admits or fault.status == 0:
                body = msgspec.json.decode(raw, type=SignedBody)
                view, is_new = self.ledger.admit(signed, body)
                admissions.append(Admission(201 if is_new else 200, intent=view))
        return _json(admissions) if fault.status == 0 else _failure(fault)

    async def _intent(self, request: Request) -> Response:
        self.requests.append("look")
        fault = self.faults.popleft() if self.faults else Fault()
        if fault.status != 0:
            return _failure(fault)
        view = self.ledger.latest(request.path_params["name"])
        if view is None:
            return _failure(Fault(404, code="intent_unknown"))
        self.ledger.advance(view.intent_hash)
        return _json(view)

    async def _stream(self, socket: WebSocket) -> None:
        fault = self.stream_faults.popleft() if self.stream_faults else ""
        if fault == "refuse":
            await socket.close()
            return
        await socket.accept()
        try:
            while True:
                request = msgspec.json.decode(await socket.receive_text(), type=Subscribe)
                self.subscriptions.append(request)
                await self._tell(socket, request, fault)
                if fault in ("drop", "garbage"):
                    await socket.close()
                    return
                fault = ""
        except WebSocketDisconnect:
            return

    async def _tell(self, socket: WebSocket, request: Subscribe, fault: str) -> None:
        """A snapshot, or what came after a cursor; then the script, to its end."""
        name = request.channel.removeprefix("intent:")
        view = self.ledger.latest(name)
        if fault == "garbage":
            await socket.send_text('{"type": "nonsense"}')
            return
        if view is None:
            unknown = Problem("about:blank", "", 404, "intent_unknown", "never heard of", False)
            await _say(socket, Failed(unknown, request.channel))
            return
        seq = view.cursor
        if request.after is None:
            await _say(socket, Snapshot(request.channel, seq, [view]))
        else:
            seq = request.after
            for missed in self.ledger.history:
                if missed.intent_hash == name and int(missed.cursor) > int(seq):
                    await _say(socket, Update(request.channel, missed.cursor, seq, missed))
                    seq = missed.cursor
        while fault != "drop" and (view := self.ledger.advance(name)) is not None:
            if fault == "skip":
                fault, seq = "", view.cursor
                continue
            await _say(socket, Update(request.channel, view.cursor, seq, view))
            seq = view.cursor


class _Dropped(Response):
    """Closes the connection in the middle of its answer."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-length", b"1000")],
            }
        )
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def _failure(fault: Fault) -> Response:
    if fault.status is None:
        return _Dropped()
    headers = {"retry-after": fault.retry_after} if fault.retry_after else None
    if not fault.code:
        return Response("<html>no relay</html>", fault.status, headers)
    said = Problem("about:blank", "", fault.status, fault.code, "planned", fault.retryable)
    return Response(msgspec.json.encode(said), fault.status, headers, "application/problem+json")


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


async def _say(socket: WebSocket, message: Any) -> None:
    await socket.send_text(msgspec.json.encode(message).decode())


@contextmanager
def serving(*relays: ScriptedRelay) -> Iterator[None]:
    """The relays on free ports, each with its ``url``, in threads of their own."""
    servers = [_serve(relay) for relay in relays]
    try:
        yield
    finally:
        for server, thread in servers:
            server.should_exit = True
            thread.join()


def _serve(relay: ScriptedRelay) -> tuple[uvicorn.Server, threading.Thread]:
    listener = socket.create_server(("127.0.0.1", 0))
    relay.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        relay.app(), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    return server, thread


def unused_url() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
