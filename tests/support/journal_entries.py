"""Entries of a store's journal, made of a word each."""

import hashlib

from offbeat.core.store_port import BatchCertified, IntentRelayed, TransactionSigned

ACCOUNT = bytes(range(24))
SUBMITTER = bytes(range(20))


def hash_of(word: str) -> bytes:
    """Some hash of 32 bytes."""
    return hashlib.sha256(word.encode()).digest()


def relayed(word: str, account: bytes = ACCOUNT) -> IntentRelayed:
    """An intent's admission."""
    return IntentRelayed(hash_of(word), account, f"signed {word}".encode())


def certified(word: str, number: int = 1) -> BatchCertified:
    """A batch's certificate."""
    return BatchCertified(hash_of(word), number, f"submission of {word}".encode())


def signed(
    word: str, nonce: int, submitter: bytes = SUBMITTER, replaces: str | None = None
) -> TransactionSigned:
    """A transaction before it is sent."""
    return TransactionSigned(
        hash_of(word),
        submitter,
        nonce,
        f"raw {word}".encode(),
        replaces=None if replaces is None else hash_of(replaces),
    )
