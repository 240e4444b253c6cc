"""The API reference, from the docstrings of every room's public names, as HTML in build/docs."""

import importlib
import pkgutil
from pathlib import Path
from typing import Final

import pdoc

import offbeat

OUTPUT: Final = Path(__file__).resolve().parent.parent / "build" / "docs"


def main() -> None:
    """Import each room, and in it what it would import only when asked; then write the pages."""
    for room in pkgutil.iter_modules(offbeat.__path__, "offbeat."):
        module = importlib.import_module(room.name)
        for name in getattr(module, "__all__", ()):
            getattr(module, name)
    pdoc.pdoc("offbeat", output_directory=OUTPUT)


if __name__ == "__main__":
    main()
