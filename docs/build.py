"""The reference in build/: every room's public names as HTML, the node's API as OpenAPI."""

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Final

import pdoc

import offbeat
from offbeat.node.api import openapi_document

BUILD: Final = Path(__file__).resolve().parent.parent / "build"


def main() -> None:
    """Import each room, and in it what it would import only when asked; then write the pages."""
    for room in pkgutil.iter_modules(offbeat.__path__, "offbeat."):
        module = importlib.import_module(room.name)
        for name in getattr(module, "__all__", ()):
            getattr(module, name)
    pdoc.pdoc("offbeat", output_directory=BUILD / "docs")
    (BUILD / "openapi.json").write_text(json.dumps(openapi_document(), indent=2) + "\n")


if __name__ == "__main__":
    main()
