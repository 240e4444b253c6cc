# pragma version 0.4.3
"""
@title Authority: who may act for an account
@notice Signatures of everything but orders, and the grants of delegated keys. A grant says what a
        key may sign and until when; it ends only after a delay longer than a certified batch can
        live, so that no revocation can void a batch that is on its way.
"""

from interfaces import IAuthority
from lib import ecdsa
from lib import limits
from lib import symbols
from lib import type_hashes

implements: IAuthority

event Delegated:
    owner: indexed(address)
    delegate: indexed(address)
    scope: uint256
    expires: uint256

CANCEL: constant(uint256) = 2
WITHDRAW: constant(uint256) = 3
TRANSFER: constant(uint256) = 4
DELEGATE: constant(uint256) = 5
SCOPE_ALL: constant(uint256) = 15
LOW_32: constant(uint256) = (1 << 32) - 1
LOW_40: constant(uint256) = (1 << 40) - 1
LOW_64: constant(uint256) = (1 << 64) - 1
ERC1271_MAGIC: constant(bytes4) = 0x1626ba7e

OWNER: public(immutable(address))

settlement: public(address)
grants: public(HashMap[address, HashMap[address, uint256]])
wallet_nonces: public(HashMap[address, uint256])


interface IERC1271:
    def isValidSignature(digest: bytes32, signature: Bytes[1024]) -> bytes4: view


interface ISettlement:
    def domain_separator() -> bytes32: view


@deploy
def __init__():
    OWNER = msg.sender


@external
def bind(settlement: address):
    """
    @notice Name, once, the settlement that this authority serves.
    """
    assert msg.sender == OWNER, "owner_only"
    assert self.settlement == empty(address) and settlement.is_contract, "already_bound"
    self.settlement = settlement


@external
def approve_delegate(key: address, scope: uint256, expires: uint256):
    """
    @notice The on-chain way to grant (or, with `expires` zero, revoke) a key: for contract wallets.
    """
    self._check_grant(msg.sender, key, scope, expires)
    self._grant(msg.sender, key, scope, expires, block.timestamp)


@external
def approve_delegate_signed(
    owner: address, key: address, scope: uint256, expires: uint256, deadline: uint256,
    signature: Bytes[1024],
):
    """
    @notice The same under the EIP-1271 signature of a contract wallet. Its nonces count up in a
            lane of their own that no batch accepts. Outside any batch, because a wallet that
            changes its mind could void everybody's batch.
    """
    assert block.timestamp <= deadline, "expired"
    assert owner.is_contract, "signature_invalid"
    nonce: uint256 = (limits.WALLET_LANE << limits.LANE_SHIFT) + self.wallet_nonces[owner]
    self.wallet_nonces[owner] += 1
    struct_hash: bytes32 = keccak256(
        abi_encode(
            type_hashes.DELEGATE, owner, empty(uint256), key, scope, expires, nonce, deadline,
            empty(uint256),
        )
    )
    separator: bytes32 = staticcall ISettlement(self.settlement).domain_separator()
    digest: bytes32 = keccak256(concat(x"1901", separator, struct_hash))
    magic: bytes4 = staticcall IERC1271(owner).isValidSignature(digest, signature)
    assert magic == ERC1271_MAGIC, "signature_invalid"
    self._check_grant(owner, key, scope, expires)
    self._grant(owner, key, scope, expires, block.timestamp)


@external
@view
def permits(owner: address, signer: address, scope: uint256, until: uint256) -> bool:
    return self._permits(owner, signer, scope, until)


@external
def authorise(
    separator: bytes32, kind: uint256, account: uint256, terms: uint256, subject: uint256,
    amount: uint256, r: uint256, vs: uint256, until: uint256,
) -> bytes32:
    assert msg.sender == self.settlement, "owner_only"
    owner: address = convert(account >> 32, address)
    if kind == DELEGATE:
        self._check_grant(
            owner, convert(subject >> 96, address), (subject >> 64) & LOW_32, subject & LOW_64
        )
    struct_hash: bytes32 = self._struct_hash(
        kind, account >> 32, account & LOW_32, terms, subject, amount
    )
    digest: bytes32 = keccak256(concat(x"1901", separator, struct_hash))
    signer: address = ecdsa.recover(digest, r, vs)
    if kind == TRANSFER and account >> 32 == limits.INSURANCE_OWNER and terms & LOW_64 == 0:
        # Nobody has a key for the fund. Settlement gives its money to whom it is meant for.
        signer = owner
    assert signer != empty(address), "signature_invalid"
    if signer != owner:
        # Scopes are 1 order, 2 cancel, 4 withdraw, 8 transfer: nobody delegates onwards.
        scope: uint256 = (1 << (kind - 1)) & SCOPE_ALL
        assert self._permits(owner, signer, scope, until), "signer_unauthorised"
    if kind == DELEGATE:
        self._grant(
            owner,
            convert(subject >> 96, address),
            (subject >> 64) & LOW_32,
            subject & LOW_64,
            until,
        )
    return digest


@internal
@view
def _permits(owner: address, signer: address, scope: uint256, until: uint256) -> bool:
    grant: uint256 = self.grants[owner][signer]
    return (grant >> 64) & scope != 0 and grant & LOW_64 >= until


@internal
@pure
def _check_grant(owner: address, key: address, scope: uint256, expires: uint256):
    # What is wrong with a grant whatever the state.
    assert key != empty(address) and key != owner, "delegate_invalid"
    if expires != 0:
        assert 0 < scope and scope <= SCOPE_ALL and expires <= LOW_64, "delegate_invalid"


@internal
def _grant(owner: address, key: address, scope: uint256, expires: uint256, time: uint256):
    # A live grant may only be widened: narrowing it is a revocation and a new grant.
    grant: uint256 = self.grants[owner][key]
    new_scope: uint256 = grant >> 64
    new_expires: uint256 = grant & LOW_64
    if expires == 0:
        new_expires = min(new_expires, time + limits.DELEGATION_END_DELAY_SECONDS)
    else:
        assert time < expires, "delegate_invalid"
        if new_expires >= time:
            assert scope & new_scope == new_scope and expires >= new_expires, "delegate_invalid"
        new_scope = scope
        new_expires = expires
    self.grants[owner][key] = (new_scope << 64) | new_expires
    log Delegated(owner=owner, delegate=key, scope=new_scope, expires=new_expires)


@internal
@pure
def _struct_hash(
    kind: uint256, owner: uint256, index: uint256, terms: uint256, subject: uint256,
    amount: uint256,
) -> bytes32:
    nonce: uint256 = (terms >> 64) & LOW_64
    valid_until: uint256 = (terms >> 128) & LOW_64
    max_fee: uint256 = terms & LOW_64
    party: uint256 = subject >> 96
    if kind == CANCEL:
        return keccak256(
            abi_encode(type_hashes.CANCEL, owner, index, nonce, valid_until, max_fee)
        )
    if kind == WITHDRAW:
        return keccak256(
            abi_encode(
                type_hashes.WITHDRAW, owner, index, party,
                symbols.text_hash((subject >> 56) & LOW_40), amount, nonce, valid_until, max_fee,
            )
        )
    if kind == TRANSFER:
        return keccak256(
            abi_encode(
                type_hashes.TRANSFER, owner, index, party, (subject >> 64) & LOW_32, amount,
                nonce, valid_until, max_fee,
            )
        )
    return keccak256(
        abi_encode(
            type_hashes.DELEGATE, owner, index, party, (subject >> 64) & LOW_32, subject & LOW_64,
            nonce, valid_until, max_fee,
        )
    )
