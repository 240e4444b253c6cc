"""Write the API's OpenAPI document to where the page's types are generated from."""

import json
import sys
from pathlib import Path

from offbeat.node.api import openapi_document

if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(openapi_document(), indent=1, sort_keys=True) + "\n")
