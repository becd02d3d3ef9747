"""Export of the OpenAPI document to docs/openapi.json.

python -m scripts.export_openapi --update | --check
"""

from __future__ import annotations

import argparse
import json
import sys

from chalicelib.api.openapi_routes import build_document
from localdev.paths import ROOT

_FILE = ROOT / "docs" / "openapi.json"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--update", action="store_true", help="write the file")
    mode.add_argument(
        "--check", action="store_true", help="fail if the file differs from /openapi.json"
    )
    text = json.dumps(build_document("/"), indent=2) + "\n"
    if parser.parse_args().update:
        _FILE.write_text(text)
    elif not _FILE.is_file() or _FILE.read_text() != text:
        sys.exit(
            "docs/openapi.json differs from /openapi.json; "
            "run python -m scripts.export_openapi --update and review the difference"
        )


if __name__ == "__main__":
    main()
