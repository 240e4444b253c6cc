"""Instruments, batches, the domain and the bounds, over HTTP."""

from dataclasses import replace

import pytest
from api_desk import DEPLOYMENT, DOMAIN, GAS_USED, RULES, Desk, client_of, serving, state_with
from people import ALICE, BOB, CAROL
from relay_bench import FEE_MICROS, UNIT, Bench
from relay_bench import RULES as BENCH_RULES
from small_market import OPTIONS

from offbeat.chain import load_artifact
from offbeat.core import limits
from offbeat.core.lifecycle import BatchStatus
from offbeat.core.store_port import BatchCertified, BatchMoved
from offbeat.instruments import Instrument
from offbeat.intents import Transfer, domain_members
from offbeat.node.api import ApiLimits
from offbeat.rulebook import Account, Applied, Position, Submission

NEAR, FAR = OPTIONS["ETH"][2], OPTIONS["ETH"][-1]


def calldata(submission: Submission) -> bytes:
    return load_artifact("Settlement").abi.encode_call(
        "settle",
        submission.payload,
        submission.certificate,
        submission.attestation,
        submission.proof,
    )


@pytest.fixture
def traded() -> tuple[Applied, bytes]:
    """A batch with two orders and a transfer, and what lands it."""
    bench = Bench()
    for trader in (ALICE, BOB):
        bench.give(trader, 10**12, {})
    buyer = bench.order(BOB, {NEAR: 1, FAR: -1}, 50 * UNIT, 2 * UNIT)
    seller = bench.order(ALICE, {NEAR: -1, FAR: 1}, UNIT, 2 * UNIT)
    transfer = bench.act(Transfer, ALICE, to_owner=BOB.address, to_account=0, amount_micros=5)
    built = bench.build([buyer, seller, transfer])
    submission = bench.submission(built.batch)
    return bench.land(built), calldata(submission)


def test_a_batch_is_told_from_its_calldata(
    desk: Desk, traded: tuple[Applied, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    applied, submission = traded
    monkeypatch.setattr(desk.relay, "rules", BENCH_RULES)
    payload_hash = applied.state.head
    desk.run(
        desk.relay.store.append([BatchCertified(payload_hash, applied.state.number, submission)], 1)
    )
    view = desk.get(f"/v1/batches/{applied.state.number}").json()
    assert view["batch_hash"] == f"0x{payload_hash.hex()}"
    assert view["status"] == "certified"
    hashes = [f"0x{each.intent_hash.hex()}" for each in applied.outcomes]
    assert view["intents"] == hashes
    assert int(view["fees_micros"]) == applied.fees_micros >= 3 * FEE_MICROS
    assert view["prices_nanos"].keys() == {f"{each.id:#034x}" for each in (NEAR, FAR)}
    assert view["lander"] is view["transaction_hash"] is view["gas_used"] is None
    transaction = b"\x77" * 32
    settled = BatchMoved(payload_hash, BatchStatus.SETTLED, transaction_hash=transaction)
    desk.run(desk.relay.store.append([settled], 2))
    view = desk.get(f"/v1/batches/{applied.state.number}").json()
    assert (view["status"], view["transaction_hash"]) == ("settled", f"0x{transaction.hex()}")
    assert view["gas_used"] == str(GAS_USED)


def test_batches_and_touched_accounts_are_followed(
    desk: Desk, traded: tuple[Applied, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    applied, submission = traded
    monkeypatch.setattr(desk.relay, "rules", BENCH_RULES)
    head, number = applied.state.head, applied.state.number

    async def meet() -> None:
        async with serving(desk) as address, client_of(address) as client:
            mine = "account:0x" + BOB.address.hex() + "00000000"
            for channel in ("batches", mine):
                assert (await client.ask(op="subscribe", channel=channel))["type"] == "snapshot"
            await desk.relay.store.append([BatchCertified(head, number, submission)], 1)
            certified = await client.hear()
            assert (certified["channel"], certified["batch"]["status"]) == ("batches", "certified")
            settled = BatchMoved(head, BatchStatus.SETTLED, transaction_hash=b"\x77" * 32)
            await desk.relay.store.append([settled], 2)
            heard = {each["channel"]: each for each in [await client.hear(), await client.hear()]}
            assert heard["batches"]["batch"]["status"] == "settled"
            assert heard["batches"]["prev_seq"] == certified["seq"]
            assert heard[mine]["account"]["account_id"] == mine.removeprefix("account:")

    desk.run(meet())


def test_batches_are_listed_from_the_latest(
    desk: Desk, traded: tuple[Applied, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, submission = traded
    monkeypatch.setattr(desk.relay, "rules", BENCH_RULES)
    names = {number: bytes([number]) * 32 for number in (5, 6, 7, 8)}
    certified = [BatchCertified(name, number, submission) for number, name in names.items()]
    desk.run(desk.relay.store.append(certified, 1))

    def numbers(query: str = "") -> list[int]:
        return [int(each["number"]) for each in desk.get(f"/v1/batches{query}").json()]

    assert desk.relay.view.settled.number == 7
    assert numbers() == [8, 7, 6, 5]
    assert numbers("?limit=2") == [8, 7]
    assert numbers("?limit=2&highest=6") == [6, 5]
    assert numbers("?highest=4") == []
    assert numbers("?highest=999999999") == [8, 7, 6, 5]
    desk.run(desk.relay.store.append([BatchMoved(names[8], BatchStatus.VOID, "late")], 2))
    assert desk.get("/v1/batches?limit=1").json()[0]["status"] == "void"
    for query in ("?limit=0", "?limit=33", "?highest=0", "?highest=1000000000", "?limit=x"):
        assert desk.get(f"/v1/batches{query}").json()["code"] == "parameter_invalid"


def test_open_interest_is_what_everybody_holds_long(desk: Desk) -> None:
    option = Instrument.parse("ETH-24DEC27-4000-C")
    holders = [
        Account(person.address, 0, positions=(Position(option.id, quantity),))
        for person, quantity in ((ALICE, 3_000_000), (BOB, 2_000_000), (CAROL, -5_000_000))
    ]
    desk.relay.view = replace(desk.relay.view, settled=state_with(*holders))
    found = {each["instrument_name"]: each for each in desk.get("/v1/instruments").json()}
    assert found["ETH-24DEC27-4000-C"]["open_interest_micros"] == "5000000"
    assert found["ETH-24DEC27-3000-P"]["open_interest_micros"] == "0"


@pytest.mark.parametrize(
    ("number", "status", "code"),
    [
        ("7", 404, "batch_unknown"),
        (str(2**63 - 1), 404, "batch_unknown"),
        (str(2**63), 400, "parameter_invalid"),
        ("-1", 400, "parameter_invalid"),
        ("latest", 400, "parameter_invalid"),
        ("９", 400, "parameter_invalid"),
    ],
)
def test_a_batch_that_is_not_there(desk: Desk, number: str, status: int, code: str) -> None:
    answer = desk.get(f"/v1/batches/{number}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_instruments_are_those_of_the_report_and_of_accounts(desk: Desk) -> None:
    found = desk.get("/v1/instruments").json()
    names = [each["instrument_name"] for each in found]
    assert names == ["ETH", "ETH-24DEC27-3000-P", "ETH-24DEC27-4000-C"]
    assert found[2] == {
        "instrument_id": f"{Instrument.parse(names[2]).id:#034x}",
        "instrument_name": names[2],
        "underlying": "ETH",
        "kind": "call",
        "expiry_seconds": "1829635200",
        "strike_micros": "4000000000",
        "mark_micros": "300000000",
        "clearing_price_nanos": None,
        "best_bid_micros": None,
        "best_ask_micros": None,
        "open_interest_micros": "0",
    }
    assert desk.get("/v1/instruments?underlying=BTC").json() == []
    assert len(desk.get("/v1/instruments?underlying=ETH").json()) == 3


def test_the_domain_is_all_that_a_wallet_needs(desk: Desk) -> None:
    view = desk.get("/v1/domain").json()
    assert view["domain"] == domain_members(DOMAIN)
    assert view["primaryTypes"] == ["Order", "Cancel", "Withdraw", "Transfer", "Delegate"]
    assert view["types"].keys() == {"EIP712Domain", "Instrument", "Leg", *view["primaryTypes"]}
    assert view["types"]["Leg"] == [
        {"name": "instrument", "type": "Instrument"},
        {"name": "ratio", "type": "int16"},
    ]
    assert view["cashSymbol"] == RULES.cash_symbol
    assert view["deployment"] == DEPLOYMENT.to_json()


def test_bounds_are_told_by_name(desk: Desk) -> None:
    desk.use(ApiLimits(max_array=9))
    view = desk.get("/v1/limits").json()
    assert view["node"]["max_array"] == "9"
    assert view["protocol"]["max_legs"] == str(limits.MAX_LEGS)
    assert view["protocol"]["lot_micros"] == "1000"


def test_what_is_measured_is_in_base_units(desk: Desk) -> None:
    desk.get("/v1/limits")
    text = desk.get("/metrics").text
    assert 'offbeat_http_requests_total{route="/v1/limits",status="200"} 1.0' in text
    assert "offbeat_ack_seconds_bucket" in text
    assert "offbeat_streams 0.0" in text
