"""Audits one batch: what it builds on, who vouches for it, what it does and leaves."""

from offbeat.core import limits
from offbeat.sim.audit.books import Books
from offbeat.sim.audit.desk import Desk, Flows
from offbeat.sim.audit.merkle import multiproof_root, row_leaf
from offbeat.sim.audit.payload import Batch, Settle
from offbeat.sim.audit.reader import keccak256
from offbeat.sim.audit.section import audit_section
from offbeat.sim.audit.signatures import Domain, Quorum
from offbeat.sim.audit.verdict import Findings


class BatchAudit:
    """One batch, settled in a block of ``block_seconds``; books and findings grow by it."""

    def __init__(
        self, books: Books, findings: Findings, domain: Domain, batch: Batch, block_seconds: int
    ) -> None:
        self._books = books
        self._findings = findings
        self._domain = domain
        self._batch = batch
        self._block_seconds = block_seconds
        self._flows = Flows(credits=list(batch.credits))

    def run(self, call: Settle, sequencers: Quorum, reporters: Quorum) -> Flows:
        """Audit all of it; what it moved."""
        batch = self._batch
        self._findings.where = f"batch {batch.number}"
        self._check_certificate(call.certificate, sequencers)
        self._follow()
        if batch.report_seconds:
            self._check_report(call, reporters)
        self._check_rows()
        self._consume_inbox()
        for section in batch.sections:
            self._findings.where = f"batch {batch.number}, account {section.account:#050x}"
            record = self._books.record(section.account)
            desk = Desk(self._books, self._findings, self._domain, batch, self._flows, record)
            audit_section(desk, section)
        self._findings.where = f"batch {batch.number}"
        self._conclude()
        return self._flows

    # What it builds on --------------------------------------------------------------------

    def _follow(self) -> None:
        """It is the next link of the chain and landed in its own time."""
        books, batch = self._books, self._batch
        life = batch.not_after_seconds - batch.time_seconds
        links = {
            "number": batch.number == books.number + 1,
            "parent": batch.parent == books.head,
            "time": books.time_seconds <= batch.time_seconds,
            "landing": batch.time_seconds <= self._block_seconds <= batch.not_after_seconds,
            "life": life <= limits.MAX_BATCH_LIFE_SECONDS,
        }
        for link, holds in links.items():
            self._expect("batches_chained", holds, f"wrong {link}")
        books.number, books.head, books.time_seconds = batch.number, batch.hash, batch.time_seconds

    def _check_certificate(self, certificate: bytes, sequencers: Quorum) -> None:
        """A quorum of sequencers, or none after it has let somebody wait for too long."""
        books, batch = self._books, self._batch
        if certificate:
            digest = self._digest("Batch", payload=batch.hash)
            signed = sequencers.signed(digest, certificate)
            self._expect("batches_certified", signed, "no quorum of sequencers")
            books.certified_seconds = batch.time_seconds
            return
        latest = self._block_seconds - limits.ESCAPE_DELAY_SECONDS
        waiting = [queue[0].enqueued_seconds for queue in (books.inbox, books.forced) if queue]
        ignored = min(waiting, default=latest + 1) <= latest
        begun = ignored and books.certified_seconds <= latest
        escaped = begun or books.certified_seconds != books.time_seconds
        self._expect("batches_certified", escaped, "no certificate, and nobody was ignored")

    def _check_report(self, call: Settle, reporters: Quorum) -> None:
        """A quorum reported these underlyings and rows, recently and not before the last report."""
        batch = self._batch
        age = batch.not_after_seconds - batch.report_seconds
        fresh = (
            self._books.report_seconds <= batch.report_seconds <= batch.time_seconds
            and age <= limits.REPORT_MAX_AGE_SECONDS
        )
        self._expect("reports_attested", fresh, f"report of {batch.report_seconds}")
        self._books.report_seconds = batch.report_seconds
        words = b"".join(each.word.to_bytes(32) for each in batch.underlyings.values())
        leaves = [row_leaf(row) for row in batch.rows.values()]
        root = multiproof_root(leaves, call.proof, call.proof_flags)
        attested = root is not None and reporters.signed(
            self._digest(
                "Report",
                timestamp=batch.report_seconds,
                underlyings=keccak256(words),
                rows=root,
            ),
            call.attestation,
        )
        self._expect("reports_attested", attested, "no quorum of reporters")

    def _check_rows(self) -> None:
        """Underlyings are the vault's, rows are theirs, and an expiry settles whole or not."""
        batch, books = self._batch, self._books
        listed = books.assets.keys() - {books.cash_symbol}
        self._expect("rows_listed", batch.underlyings.keys() <= listed, "a foreign underlying")
        named = all(each.symbol in batch.underlyings for each in batch.rows)
        self._expect("rows_listed", named, "a row of an underlying that the batch does not name")
        settling = {each.group for each in batch.settling}
        if settling:
            whole = {each for each in batch.rows if each.group in settling} == batch.settling
            self._expect("expiries_paid", whole, "an expiry settles in part")
            priced = settling <= books.pots.keys()
            self._expect("expiries_paid", priced, "an expiry without a price settles")

    def _consume_inbox(self) -> None:
        """The batch's items are the inbox's next, through every one that is due."""
        inbox, batch = self._books.inbox, self._batch
        for item in batch.credits:
            is_next = bool(inbox) and inbox.popleft().words == item.words
            self._expect("inbox_in_order", is_next, f"an item that is not the next: {item}")
        latest = batch.time_seconds - limits.INBOX_DELAY_SECONDS
        due = bool(inbox) and inbox[0].enqueued_seconds <= latest
        forced = any(each.is_due(batch) for each in list(self._books.forced)[:1])
        least = limits.ENOUGH_BESIDE_FORCED if forced else limits.ENOUGH_CREDITS
        enough = len(batch.credits) >= least
        self._expect("inbox_in_order", enough or not due, "an item that is due is left behind")

    # What it leaves -----------------------------------------------------------------------

    def _conclude(self) -> None:
        flows = self._flows
        for instrument, net in flows.fills.items():
            self._expect("fills_net_to_zero", not net, f"{net} of {instrument} left over")
        unclaimed = set(range(len(flows.credits))) - flows.claimed
        self._expect("inbox_in_order", not unclaimed, f"credits {unclaimed} reach nobody")
        first = self._books.forced[0] if self._books.forced else None
        if first is not None and first.is_due(self._batch):
            served = first.intent_hash in flows.done or first.may_wait(self._batch)
            self._expect("inbox_in_order", served, f"{first} is left undone")
        self._expect("cash_nets_to_zero", flows.pool_micros >= 0, f"pool {flows.pool_micros}")

    def _digest(self, type_: str, **message: object) -> bytes:
        return self._domain.digest(type_, message)

    def _expect(self, check: str, holds: bool, fault: str) -> None:
        self._findings.expect(check, holds, fault)
