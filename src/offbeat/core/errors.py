"""One tree of errors.

::

    OffbeatError                    code, message, retryable
    ├── InvalidInput                the caller's data is malformed or out of bounds
    ├── Refused                     the protocol's rules refuse it (code is a Reason)
    ├── Unavailable                 something we depend on is not there now (retryable)
    ├── ChainError                  the chain answered something that we cannot use
    └── OutcomeUnknown              it may or may not have happened: look before repeating

Expected refusals inside the rulebook are ``Reason`` codes, not exceptions; ``Refused`` carries one
across a public boundary. Assertions are for our own bugs.
"""


class OffbeatError(Exception):
    """Base of every error that Offbeat raises on purpose.

    ``code`` is stable and machine-readable, ``message`` is for people, ``retryable`` says whether
    the same call may succeed later.
    """

    retryable = False

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class InvalidInput(OffbeatError):
    """Malformed or out-of-bounds data; repeating the call cannot help."""


class Refused(OffbeatError):
    """Well-formed, but against the rules; ``code`` is a :class:`~offbeat.core.Reason`."""


class Unavailable(OffbeatError):
    """A dependency (chain, store, solver) is absent now."""

    retryable = True


class ChainError(OffbeatError):
    """The chain refused or answered something unusable."""


class OutcomeUnknown(OffbeatError):
    """The request may have taken effect: query by intent hash before repeating."""
