"""A node that is absent, late, or talks nonsense."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from offbeat.chain import RpcChain
from offbeat.core import ChainError, OutcomeUnknown, Unavailable
from offbeat.intents import keccak256

RAW = b"\x02 whatever it is"
Answer = Callable[[str, list[Any]], bytes | None]


@contextmanager
def scripted_node(answer: Answer) -> Iterator[tuple[RpcChain, list[str]]]:
    """A node that answers as told (``None`` hangs up), and the methods it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(request["method"])
            body = answer(request["method"], request["params"])
            if body is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Silence."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield RpcChain(f"http://127.0.0.1:{server.server_port}", attempts=2), asked
        finally:
            server.shutdown()
            thread.join()


def result(value: object) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "result": value}).encode()


def error(message: str, **more: object) -> bytes:
    body = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": message} | more}
    return json.dumps(body).encode()


def test_reads_are_repeated_until_the_node_answers() -> None:
    answers = iter([None, result("0x7a69")])
    with scripted_node(lambda *_: next(answers)) as (chain, asked):
        assert chain.chain_id == 31_337
        assert chain.chain_id == 31_337
    assert asked == ["eth_chainId", "eth_chainId"]


@pytest.mark.parametrize("code", [-32_603, -32_005])
def test_reads_are_repeated_when_the_node_says_that_it_could_not(code: int) -> None:
    answers = iter([error("internal error", code=code), result("0x7a69")])
    with scripted_node(lambda *_: next(answers)) as (chain, asked):
        assert chain.chain_id == 31_337
    assert asked == ["eth_chainId", "eth_chainId"]


def test_a_node_that_never_can_is_unavailable() -> None:
    with (
        scripted_node(lambda *_: error("internal error", code=-32_603)) as (chain, asked),
        pytest.raises(Unavailable),
    ):
        chain.block()
    assert asked == 2 * ["eth_getBlockByNumber"]


def test_a_transaction_that_the_node_could_not_take_is_not_sent_again() -> None:
    with (
        scripted_node(lambda *_: error("internal error", code=-32_603)) as (chain, asked),
        pytest.raises(OutcomeUnknown),
    ):
        chain.send(RAW)
    assert asked.count("eth_sendRawTransaction") == 1


def test_a_read_that_never_succeeds_is_unavailable() -> None:
    with scripted_node(lambda *_: None) as (chain, asked), pytest.raises(Unavailable) as failure:
        chain.block()
    assert failure.value.code == "node_unavailable"
    assert failure.value.retryable
    assert len(asked) == 2


def test_a_transaction_is_sent_once_and_its_outcome_called_unknown() -> None:
    with scripted_node(lambda *_: None) as (chain, asked), pytest.raises(OutcomeUnknown) as lost:
        chain.send(RAW)
    assert lost.value.code == "transaction_unanswered"
    assert keccak256(RAW).hex() in lost.value.message
    assert asked == ["eth_sendRawTransaction"]


def test_already_known_is_as_good_as_sent() -> None:
    with scripted_node(lambda *_: error("already known")) as (chain, _):
        assert chain.send(RAW) == keccak256(RAW)


def test_nonce_too_low_of_a_mined_transaction_is_as_good_as_sent() -> None:
    zero = "0x" + "00" * 20
    mined = {
        "hash": "0x" + keccak256(RAW).hex(),
        "from": zero,
        "to": None,
        "nonce": "0x0",
        "input": "0x",
        "value": "0x0",
        "gas": "0x5208",
        "blockNumber": "0x1",
    }

    def answer(method: str, _: list[Any]) -> bytes:
        sending = method == "eth_sendRawTransaction"
        return error("nonce too low") if sending else result(mined)

    with scripted_node(answer) as (chain, _):
        assert chain.send(RAW) == keccak256(RAW)


def test_a_refusal_is_a_refusal() -> None:
    def answer(method: str, _: list[Any]) -> bytes:
        sending = method == "eth_sendRawTransaction"
        return error("insufficient funds") if sending else result(None)

    with scripted_node(answer) as (chain, _), pytest.raises(ChainError) as refusal:
        chain.send(RAW)
    assert (refusal.value.code, refusal.value.message) == (
        "transaction_refused",
        "eth_sendRawTransaction: insufficient funds",
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'"0x1"', b'{"result": 7}'])
def test_nonsense_is_named(body: bytes) -> None:
    with scripted_node(lambda *_: body) as (chain, _), pytest.raises(ChainError) as nonsense:
        _ = chain.chain_id
    assert nonsense.value.code == "node_nonsense"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (error("execution reverted", data="0x"), "reverted"),
        (error("execution reverted"), "reverted"),
        (error("out of gas"), "out_of_gas"),
        (error("EVM error OutOfGas"), "out_of_gas"),
        (error("missing trie node"), "node_refused"),
    ],
)
def test_errors_of_calls_are_told_apart(answer: bytes, code: str) -> None:
    with scripted_node(lambda *_: answer) as (chain, _), pytest.raises(ChainError) as failure:
        chain.call(bytes(20), b"")
    assert failure.value.code == code


def test_logs_are_asked_for_in_spans() -> None:
    ranges: list[tuple[int, int]] = []

    def answer(_: str, params: list[Any]) -> bytes:
        ranges.append((int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)))
        return result([])

    with scripted_node(answer) as (chain, _):
        assert chain.logs(bytes(20), 10, 4_010) == ()
    assert ranges == [(10, 2_009), (2_010, 4_009), (4_010, 4_010)]
