"""Blocks, transactions, receipts and logs of the embedded chain in Ethereum's JSON."""

from typing import Any

from eth.abc import BlockHeaderAPI, SignedTransactionAPI
from eth.vm.forks.berlin.transactions import TypedTransaction

from offbeat.chain.embedded import EmbeddedChain
from offbeat.chain.jsonrpc import encode_bytes
from offbeat.core.ports import Log
from offbeat.intents import address_text

Json = dict[str, Any]
_BLOOM_BYTES = 256
_NO_UNCLES = bytes.fromhex("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347")


def block_to_json(chain: EmbeddedChain, header: BlockHeaderAPI, *, whole: bool) -> Json:
    """A block with its transactions' hashes, or with the ``whole`` transactions."""
    body = chain.body(header.block_number)
    return {
        "number": hex(header.block_number),
        "hash": encode_bytes(header.hash),
        "parentHash": encode_bytes(header.parent_hash),
        "nonce": encode_bytes(bytes(8)),
        "sha3Uncles": encode_bytes(_NO_UNCLES),
        "logsBloom": _bloom(header),
        "transactionsRoot": encode_bytes(header.transaction_root),
        "stateRoot": encode_bytes(header.state_root),
        "receiptsRoot": encode_bytes(header.receipt_root),
        "miner": address_text(header.coinbase),
        "difficulty": "0x0",
        "totalDifficulty": "0x0",
        "extraData": encode_bytes(header.extra_data),
        "size": "0x0",
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "mixHash": encode_bytes(header.mix_hash),
        "baseFeePerGas": hex(header.base_fee_per_gas or 0),
        "transactions": [
            transaction_to_json(chain, each) if whole else encode_bytes(each) for each in body
        ],
        "uncles": [],
    }


def transaction_to_json(chain: EmbeddedChain, transaction_hash: bytes) -> Json | None:
    """A mined transaction; None where there is none."""
    found, signed = chain.transaction(transaction_hash), chain.signed(transaction_hash)
    receipt = chain.receipt(transaction_hash)
    if found is None or signed is None or receipt is None:
        return None
    return {
        "hash": encode_bytes(found.hash),
        "from": address_text(found.sender),
        "to": address_text(found.to) if found.to else None,
        "nonce": hex(found.nonce),
        "input": encode_bytes(found.data),
        "value": hex(found.value_wei),
        "gas": hex(found.gas_limit),
        "gasPrice": hex(receipt.gas_price_wei),
        "blockNumber": hex(receipt.block_number),
        "blockHash": encode_bytes(receipt.block_hash),
        "transactionIndex": "0x0",
        "chainId": hex(chain.chain_id),
        "r": hex(signed.r),
        "s": hex(signed.s),
        **_envelope(signed),
    }


def receipt_to_json(chain: EmbeddedChain, transaction_hash: bytes) -> Json | None:
    """What a mined transaction did; None where there is none."""
    receipt, signed = chain.receipt(transaction_hash), chain.signed(transaction_hash)
    found = chain.transaction(transaction_hash)
    if receipt is None or signed is None or found is None:
        return None
    return {
        "transactionHash": encode_bytes(transaction_hash),
        "transactionIndex": "0x0",
        "blockNumber": hex(receipt.block_number),
        "blockHash": encode_bytes(receipt.block_hash),
        "from": address_text(found.sender),
        "to": address_text(found.to) if found.to else None,
        "gasUsed": hex(receipt.gas_used),
        "cumulativeGasUsed": hex(receipt.gas_used),
        "effectiveGasPrice": hex(receipt.gas_price_wei),
        "contractAddress": address_text(receipt.created) if receipt.created else None,
        "status": hex(receipt.reverted is None),
        "logs": [log_to_json(chain, each) for each in receipt.logs],
        "logsBloom": _bloom(chain.header(receipt.block_number)),
        "type": _envelope(signed)["type"],
    }


def log_to_json(chain: EmbeddedChain, log: Log) -> Json:
    """An event."""
    return {
        "address": address_text(log.address),
        "topics": [encode_bytes(each) for each in log.topics],
        "data": encode_bytes(log.data),
        "blockNumber": hex(log.block_number),
        "blockHash": encode_bytes(chain.header(log.block_number).hash),
        "transactionHash": encode_bytes(log.transaction_hash),
        "transactionIndex": "0x0",
        "logIndex": hex(log.index),
        "removed": False,
    }


def _envelope(signed: SignedTransactionAPI) -> Json:
    """What differs between the types of transactions."""
    if not isinstance(signed, TypedTransaction):
        return {"type": "0x0", "v": hex(signed.v)}  # type: ignore[attr-defined]
    kind = signed.type_id or 0
    more: Json = {
        "type": hex(kind),
        "v": hex(signed.y_parity),
        "yParity": hex(signed.y_parity),
        "accessList": [
            {"address": address_text(address), "storageKeys": [f"{key:#066x}" for key in keys]}
            for address, keys in signed.access_list
        ],
    }
    if kind >= 2:
        more["maxFeePerGas"] = hex(signed.max_fee_per_gas)
        more["maxPriorityFeePerGas"] = hex(signed.max_priority_fee_per_gas)
    return more


def _bloom(header: BlockHeaderAPI) -> str:
    return encode_bytes(header.bloom.to_bytes(_BLOOM_BYTES))
