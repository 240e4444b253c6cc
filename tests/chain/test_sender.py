from collections.abc import Callable

import pytest

from offbeat.chain import Sender
from offbeat.core import ChainError, OutcomeUnknown
from offbeat.core.ports import DevChain

NOBODY = bytes([1]) * 20


@pytest.fixture
def payer(new_sender: Callable[[str], Sender]) -> Sender:
    return new_sender("payer")


def test_transactions_are_numbered_without_asking_again(
    chain: DevChain, payer: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer.transact(NOBODY, b"", gas_limit=21_000)
    monkeypatch.setattr(chain, "nonce", None)
    hashes = [payer.submit(NOBODY, b"", gas_limit=21_000) for _ in range(3)]
    transactions = [chain.transaction(each) for each in hashes]
    assert [each.nonce for each in transactions if each] == [1, 2, 3]


def test_a_lost_answer_makes_the_sender_look(
    chain: DevChain, payer: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = chain.send

    def lose_the_answer(raw: bytes) -> bytes:
        send(raw)
        raise OutcomeUnknown("transaction_unanswered", "the line went dead")

    monkeypatch.setattr(chain, "send", lose_the_answer)
    with pytest.raises(OutcomeUnknown):
        payer.submit(NOBODY, b"", value_wei=1, gas_limit=21_000)
    monkeypatch.setattr(chain, "send", send)
    payer.transact(NOBODY, b"", value_wei=1, gas_limit=21_000)
    assert chain.nonce(payer.address) == 2
    assert chain.balance(NOBODY) == 2


def test_headroom_stays_below_the_cap(
    chain: DevChain, payer: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for estimate, gas_limit in [(100_000, 125_000), (15_000_000, 2**24)]:
        monkeypatch.setattr(chain, "estimate_gas", lambda *_, value=estimate: value)
        transaction = chain.transaction(payer.submit(NOBODY, b""))
        assert transaction is not None
        assert transaction.gas_limit == gas_limit


def test_nobody_spends_what_he_has_not(chain: DevChain) -> None:
    pauper = Sender(chain, b"\x07" * 32)
    with pytest.raises(ChainError) as refusal:
        pauper.submit(NOBODY, b"", value_wei=10**18, gas_limit=21_000)
    assert refusal.value.code == "transaction_refused"
