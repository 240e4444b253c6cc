"""Breaks of the payload's frame and evidence: rules 1, 2, 4 and 9."""

from dataclasses import replace

from breaking import Inapplicable, breaks, payload_of, put, words_of
from drafting import Draft
from people import REPORTERS, SEQUENCERS, STRANGER

from offbeat.core import Reason, limits
from offbeat.instruments import Kind
from offbeat.intents import Domain, batch_digest, keccak256
from offbeat.rulebook import Batch, Submission, certify

FLAG_BYTES = 32 * limits.MAX_PROOF_FLAG_WORDS
COUNT_SHIFTS = {"underlyings": 80, "rows": 72, "credits": 64, "accounts": 56}


# The payload itself ---------------------------------------------------------------------------


@breaks(Reason.PAYLOAD_LENGTH, "word short", "word long", "byte short", "byte long", "header", "")
def payload_length(draft: Draft, how: str) -> Submission:
    payload = draft.batch().encode()
    ends = {"word short": payload[:-32], "word long": payload + bytes(32), "header": payload[:64]}
    ends |= {"byte short": payload[:-1], "byte long": payload + b"\0", "": payload[:96]}
    if how == "" and draft.batch().header.n_underlyings == 0:
        raise Inapplicable
    return draft.submission(ends[how])


@breaks(Reason.PAYLOAD_LENGTH, "rows", "accounts")
def more_counted_than_there(draft: Draft, what: str) -> Submission:
    words = words_of(draft.batch())
    words[1] = put(words[1], COUNT_SHIFTS[what], 8, 128)
    return draft.submission(payload_of(words))


@breaks(Reason.PAYLOAD_BOUNDS, "underlyings", "rows", "credits", "accounts")
def count_over_bound(draft: Draft, what: str) -> Submission:
    bound = getattr(limits, f"MAX_{what.upper()}")
    words = words_of(draft.batch())
    words[1] = put(words[1], COUNT_SHIFTS[what], 8, bound + 1)
    return draft.submission(payload_of(words))


# Rules 1, 2 and 9 -----------------------------------------------------------------------------


@breaks(Reason.BATCH_PARENT)
def foreign_parent(draft: Draft) -> Submission:
    return draft.submission(replace(draft.batch(), parent=keccak256(draft.state.head)))


@breaks(Reason.BATCH_NUMBER, -1, 1, 2**47)
def number(draft: Draft, by: int) -> Submission:
    batch = draft.batch()
    return draft.submission(replace(batch, number=(batch.number + by) % 2**48))


@breaks(Reason.BATCH_LIFE, -1, limits.MAX_BATCH_LIFE_SECONDS + 1, 2**39)
def life(draft: Draft, seconds: int) -> Submission:
    batch = draft.batch()
    return draft.submission(replace(batch, not_after_seconds=batch.time_seconds + seconds))


@breaks(Reason.BATCH_EARLY, "before the last", "after the block")
def time(draft: Draft, when: str) -> Submission:
    last, now = draft.state.time_seconds, draft.world.now
    moment = last - 1 if when == "before the last" else now + 1
    return draft.submission(
        replace(draft.batch(), time_seconds=moment, not_after_seconds=moment + 1)
    )


@breaks(Reason.BATCH_LATE)
def landed_late(draft: Draft) -> Submission:
    submission = draft.submission()
    draft.world.wait(draft.not_after_seconds + 1 - draft.world.now)
    return submission


@breaks(
    Reason.CERTIFICATE_INVALID,
    *("none", "one short", "twice", "unsorted", "stranger", "wrong index", "no such index"),
    *("other payload", "other chain", "other contract", "byte short", "byte long"),
)
def certificate(draft: Draft, how: str) -> Submission:
    if how == "none" and draft.state.has_escaped(draft.world.now):
        raise Inapplicable
    submission = draft.submission()
    domain, payload = draft.world.domain, submission.payload
    if how == "other chain":
        domain = Domain(domain.chain_id + 1, domain.verifying_contract)
    if how == "other contract":
        domain = Domain(domain.chain_id, STRANGER.address)
    stated = keccak256(payload + b"\0") if how == "other payload" else keccak256(payload)
    digest = batch_digest(stated, domain)
    first, second, stranger = (
        certify(digest, {0: each.key}) for each in (*SEQUENCERS[:2], STRANGER)
    )
    second = b"\1" + second[1:]
    parts = {
        "none": b"",
        "one short": first,
        "twice": first + first,
        "unsorted": second + first,
        "stranger": first + b"\1" + stranger[1:],
        "wrong index": first + b"\2" + second[1:],
        "no such index": first + b"\3" + second[1:],
        "byte short": (first + second)[:-1],
        "byte long": first + second + b"\0",
    }
    return replace(submission, certificate=parts.get(how, first + second))


# Rule 4 ---------------------------------------------------------------------------------------


def _require_report(draft: Draft) -> Batch:
    if draft.report is None:
        raise Inapplicable
    return draft.batch()


@breaks(Reason.REPORT_EARLY)
def report_from_the_future(draft: Draft) -> Submission:
    batch = _require_report(draft)
    return draft.submission(replace(batch, report_time_seconds=batch.time_seconds + 1))


@breaks(Reason.REPORT_STALE)
def report_stale(draft: Draft) -> Submission:
    batch = _require_report(draft)
    oldest = batch.not_after_seconds - limits.REPORT_MAX_AGE_SECONDS
    return draft.submission(replace(batch, report_time_seconds=oldest - 1))


@breaks(Reason.REPORT_OLDER)
def report_older(draft: Draft) -> Submission:
    batch, newest = _require_report(draft), draft.state.report_time_seconds
    if batch.not_after_seconds - newest >= limits.REPORT_MAX_AGE_SECONDS or newest <= 1:
        raise Inapplicable
    return draft.submission(replace(batch, report_time_seconds=newest - 1))


@breaks(
    Reason.REPORT_QUORUM,
    *("none", "one short", "another node", "time", "spot", "tick", "mark", "risk", "instrument"),
)
def report_not_attested(draft: Draft, what: str) -> Submission:
    batch = _require_report(draft)
    if not batch.rows or not draft.report:
        raise Inapplicable
    if what in ("none", "one short"):
        keys = {0: REPORTERS[0].key} if what == "one short" else {}
        return replace(draft.submission(), attestation=certify(bytes(32), keys))
    if what == "another node":
        good = draft.submission()
        return replace(good, proof=good.proof + bytes(32))
    *rows, last = batch.rows
    first, *others = batch.underlyings
    changes = {
        "time": {"report_time_seconds": draft.report.timestamp_seconds - 1},
        "spot": {"underlyings": (first + (1 << 152), *others)},
        "tick": {"underlyings": (first + (1 << 88), *others)},
        "mark": {"rows": (*rows, replace(last, mark_micros=last.mark_micros ^ 1))},
        "risk": {"rows": (*rows, replace(last, risk_word=last.risk_word ^ 1))},
        # A strike that exists nowhere, one above the last row's.
        "instrument": {"rows": (*rows, replace(last, instrument_id=last.instrument_id + 256))},
    }
    if what == "time" and draft.report.timestamp_seconds <= draft.state.report_time_seconds:
        raise Inapplicable
    if what == "instrument" and last.instrument_id & 0xFF == Kind.SPOT:
        raise Inapplicable
    return draft.submission(replace(batch, **changes[what]))


@breaks(Reason.REPORT_PROOF, "node missing", "part of a word", "nothing", "flag", "all flags")
def proof_malformed(draft: Draft, how: str) -> Submission:
    _require_report(draft)
    good = draft.submission()
    flags, nodes = good.proof[:FLAG_BYTES], good.proof[FLAG_BYTES:]
    if len(nodes) < 2 * 32:
        raise Inapplicable
    changed = {
        "node missing": good.proof[:-32],
        "part of a word": good.proof[:-1],
        "nothing": b"",
        "flag": bytes(255 - byte for byte in flags) + nodes,
        "all flags": b"\xff" * len(flags) + nodes,
    }
    return replace(good, proof=changed[how])


@breaks(Reason.REPORT_PROOF)
def report_without_rows(draft: Draft) -> Submission:
    batch = _require_report(draft)
    return draft.submission(replace(batch, rows=(), settling=0))
