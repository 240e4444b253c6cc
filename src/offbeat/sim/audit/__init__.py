"""An independent audit of everything that settled, from the chain alone.

Written from ``docs/protocol.md`` and ``docs/intent-standard.md``. It shares no code with the rooms
that it audits: it decodes, hashes, recovers, margins and keeps books in its own way, so that a
mistake would have to be made twice, differently, to go unseen.
"""

from offbeat.sim.audit.auditor import audit
from offbeat.sim.audit.verdict import CHECKS, Check, Verdict

__all__ = ["CHECKS", "Check", "Verdict", "audit"]
