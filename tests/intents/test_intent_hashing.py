"""The packed hashes against eth-account, and eth-account against published vectors."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from offbeat.core import InvalidInput
from offbeat.instruments import Instrument, Kind, Leg
from offbeat.intents import (
    TYPE_HASHES,
    TYPE_STRINGS,
    Domain,
    Intent,
    Order,
    batch_digest,
    domain_separator,
    intent_hash,
    keccak256,
    leg_hash,
    legs_hash,
    report_digest,
    settlement_price_digest,
    struct_hash,
    typed_data,
    typed_data_json,
)

LEG_TYPES = (
    "Instrument(string underlying,string kind,uint64 expiry,uint128 strike)"
    "Leg(Instrument instrument,int16 ratio)"
)
STANDARD = {
    "DOMAIN": "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
    "INSTRUMENT": "Instrument(string underlying,string kind,uint64 expiry,uint128 strike)",
    "LEG": "Leg(Instrument instrument,int16 ratio)"
    "Instrument(string underlying,string kind,uint64 expiry,uint128 strike)",
    "ORDER": "Order(address owner,uint32 account,Leg[] legs,uint64 quantity,uint64 minFill,"
    "int128 limit,uint64 nonce,uint64 validFrom,uint64 validUntil,uint128 spotMin,"
    f"uint128 spotMax,uint64 maxFee,bool reduceOnly){LEG_TYPES}",
    "CANCEL": "Cancel(address owner,uint32 account,uint64 nonce,uint64 validUntil,uint64 maxFee)",
    "WITHDRAW": "Withdraw(address owner,uint32 account,address to,string asset,uint128 amount,"
    "uint64 nonce,uint64 validUntil,uint64 maxFee)",
    "TRANSFER": "Transfer(address owner,uint32 account,address toOwner,uint32 toAccount,"
    "uint128 amount,uint64 nonce,uint64 validUntil,uint64 maxFee)",
    "DELEGATE": "Delegate(address owner,uint32 account,address delegate,uint32 scope,"
    "uint64 expires,uint64 nonce,uint64 validUntil,uint64 maxFee)",
    "BATCH": "Batch(bytes32 payload)",
    "REPORT": "Report(uint64 timestamp,bytes32 underlyings,bytes32 rows)",
    "SETTLEMENT_PRICE": "SettlementPrice(string underlying,uint64 expiry,uint128 price)",
}


def digest(message: Any) -> bytes:
    return keccak256(b"\x19" + message.version + message.header + message.body)


def test_type_strings_are_the_standards() -> None:
    assert TYPE_STRINGS == STANDARD
    assert {name: keccak256(text.encode()) for name, text in STANDARD.items()} == TYPE_HASHES


@given(data=st.data())
def test_packed_hashes_equal_eth_account(
    data: DataObject, any_intent: SearchStrategy[Intent], any_domain: SearchStrategy[Domain]
) -> None:
    intent, domain = data.draw(any_intent), data.draw(any_domain)
    message = encode_typed_data(full_message=json.loads(typed_data_json(intent, domain)))
    assert domain_separator(domain) == message.header
    assert struct_hash(intent) == message.body
    assert intent_hash(intent, domain) == digest(message)


def test_an_array_hashes_its_legs_in_order(make_order: Callable[..., Order]) -> None:
    legs = tuple(Leg(Instrument.parse(f"ETH-25DEC26-{k}-P"), -1) for k in (3000, 4000))
    assert legs_hash(legs) == keccak256(leg_hash(legs[0]) + leg_hash(legs[1]))
    assert legs_hash(legs[:1]) == keccak256(leg_hash(legs[0]))


def test_equal_terms_of_different_kinds_hash_differently() -> None:
    put, call = (Leg(Instrument("ETH", kind, 1, 1), 1) for kind in (Kind.PUT, Kind.CALL))
    assert leg_hash(put) != leg_hash(call)


OPERATOR_TYPES = {
    "Batch": [("payload", "bytes32")],
    "Report": [("timestamp", "uint64"), ("underlyings", "bytes32"), ("rows", "bytes32")],
    "SettlementPrice": [("underlying", "string"), ("expiry", "uint64"), ("price", "uint128")],
}


def operator_digest(primary: str, message: dict[str, Any], domain: Domain) -> bytes:
    members = [{"name": name, "type": kind} for name, kind in OPERATOR_TYPES[primary]]
    return digest(
        encode_typed_data(
            domain_data={
                "name": "Offbeat",
                "version": "1",
                "chainId": domain.chain_id,
                "verifyingContract": domain.verifying_contract,
            },
            message_types={primary: members},
            message_data=message,
        )
    )


hashes = st.binary(min_size=32, max_size=32)
uint64, uint128 = (st.integers(0, 2**bits - 1) for bits in (64, 128))


@given(payload=hashes)
def test_batch_digests_equal_eth_account(domain: Domain, payload: bytes) -> None:
    message = {"payload": payload}
    assert batch_digest(payload, domain) == operator_digest("Batch", message, domain)


@given(underlyings=hashes, rows=hashes, timestamp=uint64)
def test_report_digests_equal_eth_account(
    domain: Domain, underlyings: bytes, rows: bytes, timestamp: int
) -> None:
    message = {"timestamp": timestamp, "underlyings": underlyings, "rows": rows}
    expected = operator_digest("Report", message, domain)
    assert report_digest(timestamp, underlyings, rows, domain) == expected


@given(expiry=uint64, price=uint128)
def test_settlement_price_digests_equal_eth_account(
    domain: Domain, expiry: int, price: int
) -> None:
    message = {"underlying": "ETH", "expiry": expiry, "price": price}
    expected = operator_digest("SettlementPrice", message, domain)
    assert settlement_price_digest("ETH", expiry, price, domain) == expected


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_hash_of_another_length_is_refused_not_padded(domain: Domain, length: int) -> None:
    good, bad = bytes(32), bytes(length)
    for act in (
        lambda: batch_digest(bad, domain),
        lambda: report_digest(0, bad, good, domain),
        lambda: report_digest(0, good, bad, domain),
    ):
        with pytest.raises(InvalidInput) as caught:
            act()
        assert caught.value.code == "hash_length"


@pytest.mark.parametrize(("timestamp", "price"), [(-1, 0), (2**64, 0), (0, -1), (0, 2**128)])
def test_operator_numbers_out_of_range_are_refused(
    domain: Domain, timestamp: int, price: int
) -> None:
    with pytest.raises(InvalidInput) as caught:
        settlement_price_digest("ETH", timestamp, price, domain)
    assert caught.value.code == "integer_out_of_range"


def test_eth_account_passes_the_published_vectors(data_dir: Path) -> None:
    """What the packed hashes are compared with is itself right, on 130 cases of ethers.js."""
    with gzip.open(data_dir / "vec_eip712" / "ethers_typed-data.json.gz") as file:
        cases = json.load(file)
    assert len(cases) == 130
    for case in cases:
        message = encode_typed_data(
            domain_data=case["domain"], message_types=case["types"], message_data=case["data"]
        )
        assert "0x" + digest(message).hex() == case["digest"], case["name"]


def test_hashing_does_not_depend_on_what_was_hashed_before(
    make_order: Callable[..., Order], domain: Domain
) -> None:
    before = intent_hash(make_order(), domain)
    elsewhere = Domain(domain.chain_id + 1, domain.verifying_contract)
    assert intent_hash(make_order(), elsewhere) != before
    assert intent_hash(make_order(nonce=1), domain) != before
    assert intent_hash(make_order(), domain) == before


def test_the_wallets_object_and_its_text_agree(
    make_order: Callable[..., Order], domain: Domain
) -> None:
    assert json.loads(typed_data_json(make_order(), domain)) == typed_data(make_order(), domain)
