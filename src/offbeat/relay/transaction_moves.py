"""What has become of transactions that were sent: statuses that are to be recorded."""

from collections.abc import Iterable, Iterator

from offbeat.core.lifecycle import TransactionStatus
from offbeat.core.store_port import StoredTransaction, TransactionMoved
from offbeat.relay.outlook import Mined, Ours, Outlook, Sent


def transaction_moves(
    sent: Iterable[Sent], outlook: Outlook, ours: Ours
) -> Iterator[TransactionMoved]:
    """Statuses that have changed. Of other relays' transactions we only note the end: they may
    see the latest blocks otherwise than we do."""
    for each in sent:
        status, mined = _status(each.stored, outlook)
        if each.stored.submitter not in ours.next_nonces and status.is_open:
            continue
        if mined is not None and each.stored.status is TransactionStatus.PENDING:
            status = TransactionStatus.MINED  # even if it is final: the next look says so
        move = TransactionMoved(
            each.stored.transaction_hash,
            status,
            mined.reason if mined else "",
            mined.block_number if mined else None,
            seen=each.stored.changed,
        )
        known = (each.stored.status, each.stored.reason, each.stored.block_number)
        if (move.status, move.reason, move.block_number or known[2]) != known:
            yield move


def _status(stored: StoredTransaction, outlook: Outlook) -> tuple[TransactionStatus, Mined | None]:
    mined = outlook.mined.get(stored.transaction_hash)
    if mined is not None:
        is_final = mined.block_number <= outlook.final_number
        return TransactionStatus.FINAL if is_final else TransactionStatus.MINED, mined
    # A receipt may come late. Only where the final chain has used the nonce without it was
    # the nonce used by another.
    if outlook.wallets[stored.submitter].final_nonce > stored.nonce:
        return TransactionStatus.LOST, None
    return TransactionStatus.PENDING, None
