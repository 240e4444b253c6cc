"""Making, recovering and judging signatures; eth-account is the other wallet."""

import json
from collections.abc import Callable

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, SearchStrategy

from offbeat.core import InvalidInput, Reason, limits
from offbeat.intents import (
    Cancel,
    Delegate,
    Delegation,
    Domain,
    Intent,
    Order,
    Scope,
    Transfer,
    Withdraw,
    address_of,
    canonical_signature,
    check_signer,
    explain,
    intent_hash,
    keccak256,
    make_nonce,
    recover,
    sign,
    sign_digest,
    typed_data_json,
    verify,
)

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY, OTHER_KEY = keccak256(b"owner"), keccak256(b"session")
OWNER, SESSION = address_of(KEY), address_of(OTHER_KEY)
DIGEST = keccak256(b"digest")
NOW = 1_790_000_000

keys = st.integers(1, CURVE_ORDER - 1).map(lambda number: number.to_bytes(32))
digests = st.binary(min_size=32, max_size=32)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(InvalidInput) as caught:
        act()
    return caught.value.code


def compact(signature: bytes) -> bytes:
    """EIP-2098: the parity in the top bit of s."""
    return signature[:32] + bytes((signature[32] | (signature[64] - 27) << 7,)) + signature[33:64]


def negated(signature: bytes) -> bytes:
    """The other signature of the same key and digest: s mirrored, parity flipped."""
    s = CURVE_ORDER - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes((55 - signature[64],))


@given(key=keys, digest=digests)
def test_every_form_of_a_signature_recovers_its_signer(key: bytes, digest: bytes) -> None:
    signature = sign_digest(digest, key)
    zero_based = signature[:64] + bytes((signature[64] - 27,))
    for form in (signature, zero_based, compact(signature)):
        assert canonical_signature(form) == signature
        assert recover(digest, form) == address_of(key)
    assert code_of(lambda: recover(digest, negated(signature))) == "signature_high_s"


@given(data=st.data(), key=keys)
def test_a_wallet_makes_the_same_signature_from_our_json(
    data: DataObject, key: bytes, any_intent: SearchStrategy[Intent], domain: Domain
) -> None:
    intent = data.draw(any_intent)
    wallet = Account.from_key(key)
    theirs = wallet.sign_typed_data(full_message=json.loads(typed_data_json(intent, domain)))
    assert sign(intent, key, domain).signature == theirs.signature
    assert address_of(key) == bytes.fromhex(wallet.address[2:])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda r, s, v: b"", "signature_length"),
        (lambda r, s, v: r + s[:31], "signature_length"),
        (lambda r, s, v: r + s + v + v, "signature_length"),
        (lambda r, s, v: r + s + b"\x02", "signature_v"),
        (lambda r, s, v: r + s + b"\x1a", "signature_v"),
        (lambda r, s, v: r + s + b"\x1d", "signature_v"),
        (lambda r, s, v: r + s + b"\xff", "signature_v"),
        (lambda r, s, v: bytes(32) + s + v, "signature_r"),
        (lambda r, s, v: CURVE_ORDER.to_bytes(32) + s + v, "signature_r"),
        (lambda r, s, v: b"\xff" * 32 + s + v, "signature_r"),
        (lambda r, s, v: r + bytes(32) + v, "signature_s"),
        (lambda r, s, v: r + CURVE_ORDER.to_bytes(32) + v, "signature_s"),
        (lambda r, s, v: r + b"\xff" * 32 + v, "signature_s"),
        (lambda r, s, v: r + (CURVE_ORDER // 2 + 1).to_bytes(32) + v, "signature_high_s"),
        (lambda r, s, v: r + (CURVE_ORDER - 1).to_bytes(32) + v, "signature_high_s"),
        (lambda r, s, v: (5).to_bytes(32) + s + v, "signature_unrecoverable"),
    ],
)
def test_malformed_signatures(change: Callable[[bytes, bytes, bytes], bytes], code: str) -> None:
    good = sign_digest(DIGEST, KEY)
    assert code_of(lambda: recover(DIGEST, change(good[:32], good[32:64], good[64:]))) == code


def test_the_highest_low_s_is_accepted() -> None:
    half = (CURVE_ORDER // 2).to_bytes(32)
    signature = sign_digest(DIGEST, KEY)[:32] + half + b"\x1b"
    assert canonical_signature(signature) == signature
    assert recover(DIGEST, signature) != OWNER


@given(st.binary(max_size=70), digests)
def test_noise_is_refused_or_recovers_somebody(noise: bytes, digest: bytes) -> None:
    try:
        signer = recover(digest, noise)
    except InvalidInput:
        return
    assert len(signer) == 20


@pytest.mark.parametrize("length", [0, 31, 33])
def test_only_32_bytes_are_signed(length: int) -> None:
    signature = sign_digest(DIGEST, KEY)
    assert code_of(lambda: sign_digest(bytes(length), KEY)) == "digest_length"
    assert code_of(lambda: recover(bytes(length), signature)) == "digest_length"


@pytest.mark.parametrize(
    "key", [b"", bytes(32), bytes(31) + b"\0\1", CURVE_ORDER.to_bytes(32), b"\xff" * 32]
)
def test_numbers_that_are_no_private_key(key: bytes) -> None:
    assert code_of(lambda: sign_digest(DIGEST, key)) == "private_key_invalid"
    assert code_of(lambda: address_of(key)) == "private_key_invalid"


ENVELOPE = {
    "owner": OWNER,
    "account": 0,
    "nonce": 0,
    "valid_until_seconds": NOW,
    "max_fee_micros": 0,
}
CANCEL = Cancel(**ENVELOPE)
WITHDRAW = Withdraw(**ENVELOPE, to=SESSION, asset="USDC", amount_micros=1)
TRANSFER = Transfer(**ENVELOPE, to_owner=SESSION, to_account=0, amount_micros=1)
DELEGATE = Delegate(**ENVELOPE, delegate=SESSION, scope=Scope.ORDER, expires_seconds=NOW)
ACTIONS = {Scope.CANCEL: CANCEL, Scope.WITHDRAW: WITHDRAW, Scope.TRANSFER: TRANSFER}


def granting(scope: int, expires_seconds: int) -> Callable[[bytes, bytes], Delegation | None]:
    def lookup(owner: bytes, key: bytes) -> Delegation | None:
        return Delegation(scope, expires_seconds) if (owner, key) == (OWNER, SESSION) else None

    return lookup


@pytest.mark.parametrize("granted", range(16))
def test_a_delegate_signs_exactly_what_its_scope_says(
    make_order: Callable[..., Order], granted: int
) -> None:
    for scope, intent in {Scope.ORDER: make_order(owner=OWNER), **ACTIONS}.items():
        expected = None if granted & scope else Reason.SIGNER_UNAUTHORISED
        assert check_signer(intent, SESSION, NOW, granting(granted, NOW)) is expected


def test_a_delegation_holds_through_its_last_second() -> None:
    assert check_signer(CANCEL, SESSION, NOW, granting(2, NOW)) is None
    assert check_signer(CANCEL, SESSION, NOW, granting(2, NOW - 1)) is Reason.SIGNER_UNAUTHORISED


def test_nobody_delegates_onwards() -> None:
    anything = granting(2**32 - 1, 2**64 - 1)
    assert check_signer(DELEGATE, SESSION, NOW, anything) is Reason.SIGNER_UNAUTHORISED
    assert check_signer(DELEGATE, OWNER, NOW) is None


def test_a_delegation_is_for_one_owner(make_order: Callable[..., Order]) -> None:
    stranger_order = make_order(owner=b"\x99" * 20)
    reason = check_signer(stranger_order, SESSION, NOW, granting(15, NOW))
    assert reason is Reason.SIGNER_UNAUTHORISED


class Wallets:
    """Approves one signature of one wallet, and remembers what it was asked."""

    def __init__(self, approved: bytes) -> None:
        self.approved = approved
        self.asked: list[tuple[bytes, bytes]] = []

    def approves(self, wallet: bytes, digest: bytes, signature: bytes) -> bool:
        self.asked.append((wallet, digest))
        return signature == self.approved


def test_verify_names_what_is_wrong(domain: Domain) -> None:
    by_owner = sign(CANCEL, KEY, domain).signature
    by_session = sign(CANCEL, OTHER_KEY, domain).signature
    elsewhere = Domain(domain.chain_id + 1, domain.verifying_contract)

    def outcome(
        signature: bytes, at: Domain = domain, scope: int = 0, until: int = NOW
    ) -> Reason | None:
        return verify(
            CANCEL, signature, at, holds_until_seconds=until, delegations=granting(scope, NOW)
        )

    assert outcome(by_owner) is None
    assert outcome(by_session) is Reason.SIGNER_UNAUTHORISED
    assert outcome(by_session, scope=Scope.CANCEL) is None
    assert outcome(by_session, scope=Scope.CANCEL, until=NOW + 1) is Reason.SIGNER_UNAUTHORISED
    assert outcome(by_session, scope=Scope.ORDER) is Reason.SIGNER_UNAUTHORISED
    assert outcome(by_owner, at=elsewhere) is Reason.SIGNER_UNAUTHORISED
    assert outcome(negated(by_owner)) is Reason.SIGNATURE_INVALID
    assert outcome(b"") is Reason.SIGNATURE_INVALID


def test_a_contract_wallet_approves_delegations_of_its_own_lane_only(domain: Domain) -> None:
    wallets = Wallets(approved=b"anything of any length")
    wallet_nonce = make_nonce(limits.WALLET_LANE, 0)
    grant = Delegate(
        **{**ENVELOPE, "nonce": wallet_nonce},
        delegate=SESSION,
        scope=Scope.ORDER,
        expires_seconds=NOW,
    )

    def outcome(intent: Intent, signature: bytes, wallets: Wallets | None) -> Reason | None:
        return verify(intent, signature, domain, holds_until_seconds=NOW, wallets=wallets)

    assert outcome(grant, wallets.approved, wallets) is None
    assert wallets.asked == [(OWNER, intent_hash(grant, domain))]
    assert outcome(grant, b"something else", wallets) is Reason.SIGNATURE_INVALID
    assert outcome(grant, wallets.approved, None) is Reason.SIGNATURE_INVALID
    wallets.asked.clear()
    assert outcome(DELEGATE, wallets.approved, wallets) is Reason.SIGNATURE_INVALID
    cancel = Cancel(**{**ENVELOPE, "nonce": wallet_nonce})
    assert outcome(cancel, wallets.approved, wallets) is Reason.SIGNATURE_INVALID
    assert wallets.asked == []


def test_explain_shows_every_step(make_order: Callable[..., Order], domain: Domain) -> None:
    order = make_order(owner=OWNER)
    steps = explain(order, sign(order, KEY, domain).signature, domain)
    assert steps.recovered == OWNER == steps.owner
    assert steps.problem is None
    assert steps.legs_hash == keccak256(steps.legs[0].leg_hash)
    assert steps.type_hash == keccak256(steps.type_string.encode())
    assert steps.digest == keccak256(b"\x19\x01" + steps.domain_separator + steps.struct_hash)
    text = steps.as_json()
    assert text["digest"] == "0x" + intent_hash(order, domain).hex()
    assert text["recovered"] == text["owner"]
    assert text["legs"] == [
        {
            "instrumentHash": "0x" + steps.legs[0].instrument_hash.hex(),
            "legHash": "0x" + steps.legs[0].leg_hash.hex(),
        }
    ]
    json.dumps(text)


def test_explain_names_the_fault_instead_of_raising(domain: Domain) -> None:
    wrong_key = explain(CANCEL, sign(CANCEL, OTHER_KEY, domain).signature, domain)
    assert wrong_key.recovered == SESSION
    assert wrong_key.legs == ()
    for signature, problem in (
        (b"", "signature_length"),
        (negated(sign(CANCEL, KEY, domain).signature), "signature_high_s"),
    ):
        steps = explain(CANCEL, signature, domain)
        assert (steps.recovered, steps.problem) == (None, problem)
