# pragma version 0.4.3
"""
@title Oracle: reports and settlement prices under a quorum of reporters
@notice A report is one Merkle root. A batch proves the rows that it needs and no others; a batch
        that needs all of them needs no proof.
"""

from interfaces import ICertifier
from interfaces import IOracle
from lib import batch_rows
from lib import limits
from lib import multiproof
from lib import symbols
from lib import type_hashes

implements: IOracle

WORD: constant(uint256) = 32
ROW_TAG: constant(bytes32) = keccak256("Offbeat report row")
# The low 64 bits of a row are the batch's clearing price, which is not the report's.
MARK_MASK: constant(uint256) = max_value(uint256) - ((1 << 64) - 1)

REPORTERS: public(immutable(address))


@deploy
def __init__(reporters: address):
    """
    @param reporters The certifier that holds the reporters' quorum.
    """
    REPORTERS = reporters


@external
@view
def check_report(
    separator: bytes32, report_time: uint256, underlyings: uint256[limits.MAX_UNDERLYINGS],
    n_underlyings: uint256, table: batch_rows.Row[limits.MAX_ROWS], n_rows: uint256,
    attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
    proof: Bytes[limits.MAX_PROOF_BYTES],
) -> bool:
    leaves: bytes32[limits.MAX_ROWS] = empty(bytes32[limits.MAX_ROWS])
    for i: uint256 in range(n_rows, bound=limits.MAX_ROWS):
        row: batch_rows.Row = table[i]
        leaves[i] = keccak256(abi_encode(row.word & MARK_MASK, row.risk, ROW_TAG))
    root: bytes32 = multiproof.root(leaves, n_rows, proof)
    assert root != empty(bytes32), "report_proof"
    underlyings_hash: bytes32 = keccak256(slice(abi_encode(underlyings), 0, n_underlyings * WORD))
    return self._attested(
        separator,
        keccak256(abi_encode(type_hashes.REPORT, report_time, underlyings_hash, root)),
        attestation,
    )


@external
@view
def check_price(
    separator: bytes32, symbol: uint256, expiry_seconds: uint256, price_micros: uint256,
    attestation: Bytes[limits.MAX_CERTIFICATE_BYTES],
) -> bool:
    return self._attested(
        separator,
        keccak256(
            abi_encode(
                type_hashes.SETTLEMENT_PRICE, symbols.text_hash(symbol), expiry_seconds,
                price_micros,
            )
        ),
        attestation,
    )


@internal
@view
def _attested(
    separator: bytes32, struct_hash: bytes32, attestation: Bytes[limits.MAX_CERTIFICATE_BYTES]
) -> bool:
    digest: bytes32 = keccak256(concat(x"1901", separator, struct_hash))
    return staticcall ICertifier(REPORTERS).verify(digest, attestation)
