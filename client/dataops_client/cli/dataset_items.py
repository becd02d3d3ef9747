"""Files with the sub-runs of a dataset."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from dataops_client.errors import InvalidRequest


def read_items(path: Path) -> list[dict[str, Any]]:
    """Return the runs and sub-runs of a JSON file: of `dataops find --json`, or a list of runs.

    Raises:
        InvalidRequest: The file is not JSON, or an object lacks `nc` or `id_run`.
        OSError: The file cannot be read.
    """
    text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    items: dict[tuple[str, str], list[str] | None] = {}
    try:
        document = json.loads(text)
        rows = document["sub_runs"] if isinstance(document, dict) else document
        for row in rows:
            run = str(row["nc"]), str(row["id_run"])
            given = [row["sub_run"]] if "sub_run" in row else row.get("sub_runs")
            if given is None:
                items[run] = None
            else:
                numbers = [*(items.get(run) or []), *map(str, given)]
                items[run] = list(dict.fromkeys(numbers))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidRequest(
            f"{str(path)!r} is not JSON of `dataops find --json`, or a list of objects with nc, "
            f"id_run and sub_runs: {error!r}"
        ) from None
    return [
        {"nc": nc, "id_run": id_run} | ({} if numbers is None else {"sub_runs": numbers})
        for (nc, id_run), numbers in items.items()
    ]
