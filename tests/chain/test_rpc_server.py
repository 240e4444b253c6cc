"""The embedded chain behind JSON-RPC, as libraries and strangers meet it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from compiled import artifact_of
from eth_account import Account
from http_server import rpc_server
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError, Web3RPCError

from offbeat.chain import AnvilChain, Contract, EmbeddedChain, Sender
from offbeat.core.ports import DevChain
from offbeat.intents import address_text

KEY = bytes([9]) * 32
START = 1_800_000_000
RECEIVER = address_text(bytes([2]) * 20)


class Clock:
    """A clock that the test sets."""

    seconds = float(START)

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(clock: Clock) -> Iterator[str]:
    chain = EmbeddedChain(genesis_seconds=START - 100)
    with rpc_server(chain, block_seconds=0.01, now_seconds=clock) as url:
        yield url


@pytest.fixture
def ask(url: str) -> Iterator[Callable[..., Any]]:
    with httpx.Client(base_url=url) as client:

        def go(method: str, *params: object) -> Any:
            request = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
            answer = client.post("/", json=request).json()
            assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
            return answer["result"] if "result" in answer else answer["error"]

        yield go


@pytest.fixture
def web3(url: str) -> Web3:
    return Web3(HTTPProvider(url))


@pytest.fixture
def rich(url: str) -> Sender:
    chain: DevChain = AnvilChain(url)
    sender = Sender(chain, KEY)
    chain.fund(sender.address, 10**20)
    return sender


def test_web3_reads_sends_and_finds_again(web3: Web3, rich: Sender) -> None:
    account = Account.from_key(KEY)
    assert web3.eth.chain_id == 31_337
    for kind in (
        {"gasPrice": web3.eth.gas_price},
        {"maxFeePerGas": web3.eth.gas_price, "maxPriorityFeePerGas": 0},
        {"gasPrice": web3.eth.gas_price, "accessList": [{"address": RECEIVER, "storageKeys": []}]},
    ):
        signed = account.sign_transaction(
            {
                "chainId": 31_337,
                "nonce": web3.eth.get_transaction_count(account.address, "pending"),
                "to": RECEIVER,
                "value": 5,
                "gas": 30_000,
                **kind,
            }
        )
        transaction_hash = web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = web3.eth.wait_for_transaction_receipt(transaction_hash)
        found = web3.eth.get_transaction(transaction_hash)
        assert (receipt["status"], receipt["from"]) == (1, account.address)
        assert (found["value"], found["blockHash"]) == (5, receipt["blockHash"])
        block = web3.eth.get_block(receipt["blockHash"], full_transactions=True)
        assert block["transactions"][0] == found
        assert web3.eth.get_block(block["number"])["transactions"] == [transaction_hash]
    assert web3.eth.get_balance(RECEIVER) == 15


def test_web3_deploys_calls_and_filters_logs(web3: Web3, rich: Sender) -> None:
    probe = Contract.deploy(rich, artifact_of("Probe"), 7)
    receipt = probe.write(rich, "note", 8)
    where: Any = {"address": address_text(probe.address), "fromBlock": 0}
    (log,) = web3.eth.get_logs(where)
    assert log["transactionHash"] == receipt.transaction_hash
    event, who = (f"0x{bytes(each).hex()}" for each in log["topics"][:2])
    hits: list[tuple[list[Any], int]] = [
        ([event], 1),
        ([None, who], 1),
        ([["0x" + "00" * 32, event]], 1),
        ([who], 0),
        ([None] * 5, 0),
    ]
    for topics, n_hits in hits:
        assert len(web3.eth.get_logs(where | {"topics": topics})) == n_hits
    assert len(web3.eth.get_logs({"blockHash": log["blockHash"]})) == 1
    assert web3.eth.get_logs({"fromBlock": 0, "address": [RECEIVER]}) == []
    with pytest.raises(ContractLogicError, match="value_same"):
        web3.eth.call({"to": address_text(probe.address), "data": probe.abi.encode_call("note", 8)})


def test_reverts_carry_their_data(rich: Sender, ask: Callable[..., Any]) -> None:
    probe = Contract.deploy(rich, artifact_of("Probe"), 7)
    message = {
        "to": address_text(probe.address),
        "data": "0x" + probe.abi.encode_call("note", 7).hex(),
    }
    for method in ("eth_call", "eth_estimateGas"):
        error = ask(method, message)
        assert error["code"] == 3
        assert error["message"] == "execution reverted: value_same"
        assert error["data"].startswith("0x08c379a0")


def test_history_by_number_hash_and_tag(ask: Callable[..., Any], rich: Sender) -> None:
    rich.transact(bytes([2]) * 20, b"", value_wei=3)
    latest = ask("eth_getBlockByNumber", "latest", False)
    before = hex(int(latest["number"], 16) - 1)
    assert ask("eth_getBalance", RECEIVER) == "0x3"
    assert ask("eth_getBalance", RECEIVER, before) == "0x0"
    assert ask("eth_getBalance", RECEIVER, {"blockHash": latest["hash"]}) == "0x3"
    assert ask("eth_getBalance", RECEIVER, {"blockNumber": before}) == "0x0"
    assert ask("eth_getBalance", RECEIVER, "earliest") == "0x0"
    assert ask("eth_getBalance", RECEIVER, {"blockHash": "0x" + "00" * 32})["code"] == -32_000
    assert ask("eth_getBalance", RECEIVER, "0xffff")["code"] == -32_000
    assert ask("eth_getBlockByNumber", "0xffff", False) is None
    assert ask("eth_getBlockByHash", "0x" + "00" * 32, False) is None
    assert ask("eth_getBlockByHash", latest["hash"], False) == latest
    history = ask("eth_feeHistory", "0x2", "latest", [50])
    assert len(history["baseFeePerGas"]) == 3
    assert history["reward"] == [["0x0"], ["0x0"]]


def test_blocks_follow_the_clock(ask: Callable[..., Any], clock: Clock) -> None:
    def latest_seconds() -> int:
        return int(ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    while latest_seconds() < START:
        pass
    number = ask("eth_blockNumber")
    clock.seconds += 50
    while ask("eth_blockNumber") == number:
        pass
    assert latest_seconds() == START + 50
    ask("evm_setNextBlockTimestamp", START + 60)
    ask("anvil_mine", "0x2")
    assert latest_seconds() == START + 61
    ask("anvil_setBlockTimestampInterval", 1)
    clock.seconds += 500
    ask("evm_mine")
    assert latest_seconds() == START + 62


def test_a_burst_runs_ahead_of_the_clock_only_so_far(
    ask: Callable[..., Any], rich: Sender, clock: Clock
) -> None:
    for _ in range(5):
        rich.transact(bytes([2]) * 20, b"", value_wei=1, gas_limit=21_000)
    ahead = int(ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16) - clock.seconds
    assert 0 < ahead <= 6


def test_snapshots_and_money(ask: Callable[..., Any]) -> None:
    ask("anvil_setBalance", RECEIVER, hex(10**18))
    snapshot = ask("evm_snapshot")
    ask("anvil_setBalance", RECEIVER, hex(3 * 10**18))
    assert ask("eth_getBalance", RECEIVER) == hex(3 * 10**18)
    assert ask("evm_revert", snapshot) is True
    assert ask("evm_revert", snapshot) is False
    assert ask("eth_getBalance", RECEIVER) == hex(10**18)
    assert ask("anvil_setBalance", RECEIVER, "0x0")["code"] == -32_602


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32_700),
        (b"{", -32_700),
        (b"[" * 100_000, -32_600),
        (b"[" * 8_192, -32_700),
        (b"[]", -32_600),
        (b"7", -32_600),
        (b"{}", -32_600),
        (b'{"method": 5}', -32_600),
        (b'{"method": "eth_nothing"}', -32_601),
        (b'{"method": "eth_call", "params": {}}', -32_602),
        (b'{"method": "eth_call", "params": []}', -32_602),
        (b'{"method": "eth_call", "params": [7]}', -32_602),
        (b'{"method": "eth_call", "params": [{"to": "0x12"}]}', -32_602),
        (b'{"method": "eth_getBalance", "params": ["0xzz"]}', -32_602),
        (b'{"method": "eth_getStorageAt", "params": ["0x", -1]}', -32_602),
        (b'{"method": "eth_getLogs", "params": [{"topics": 3}]}', -32_602),
        (b'{"method": "eth_getBlockByNumber", "params": ["0x-1"]}', -32_602),
        (b'{"method": "eth_sendRawTransaction", "params": ["0x02"]}', -32_000),
        (b'{"method": "anvil_mine", "params": ["0xffffff"]}', -32_602),
    ],
)
def test_what_makes_no_sense_is_told_so(url: str, body: bytes, code: int) -> None:
    answer = httpx.post(url, content=body)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == code


def test_many_requests_in_one_body(url: str) -> None:
    requests = [{"id": n, "method": method} for n, method in enumerate(["eth_chainId", "nothing"])]
    first, second = httpx.post(url, json=requests).json()
    assert (first["id"], first["result"]) == (0, "0x7a69")
    assert (second["id"], second["error"]["code"]) == (1, -32_601)
    too_many = httpx.post(url, json=requests * 200).json()
    assert too_many["error"]["code"] == -32_600


def test_bodies_are_bounded_and_other_host_names_refused(url: str) -> None:
    assert httpx.post(url, content=b" " * (2 * 2**20 + 1)).status_code == 413
    other = httpx.post(url, content=json.dumps({}), headers={"Host": "evil.example"})
    assert other.status_code == 400


def test_refused_transactions_name_the_reason(web3: Web3, rich: Sender) -> None:
    signed = Account.from_key(KEY).sign_transaction(
        {"chainId": 31_337, "nonce": 99, "to": RECEIVER, "value": 1, "gas": 21_000, "gasPrice": 1}
    )
    with pytest.raises(Web3RPCError):
        web3.eth.send_raw_transaction(signed.raw_transaction)
