"""A chain that answers some questions differently from the chain behind it."""

from typing import Any, cast

from offbeat.core.ports import Chain


class _Doctored:
    def __init__(self, chain: Chain, **answers: Any) -> None:
        self._chain = chain
        self.__dict__ |= answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)


def doctored(chain: Chain, **answers: Any) -> Chain:
    """``chain`` with some of its methods replaced."""
    return cast(Chain, _Doctored(chain, **answers))
