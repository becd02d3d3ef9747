"""Cache of pulled datasets, from which the training table of a dataset is loaded by its name."""

from __future__ import annotations

import os
import re
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from dataops_client.client import DataOpsClient
from dataops_client.datasets.reference import LATEST, parse_reference
from dataops_client.ml.export import load_tree
from dataops_client.ml.mix import Mix


def load_dataset(
    reference: str,
    *,
    cache: str | os.PathLike[str] | None = None,
    soaps: bool = False,
    mix: str | Mix | None = None,
    seed: int = 0,
    client: DataOpsClient | None = None,
) -> pa.Table:
    """Return the training table of a frozen dataset, verified.

    The dataset is pulled to `cache/<host>/<name>/<version>/` unless it is there. Its files are
    verified each time. No request is sent if the named version is there, complete and unchanged.

    Args:
        reference: `NAME@VERSION`, or `NAME` for the latest version, which takes a request.
        cache: Folder of pulled datasets; by default `$XDG_CACHE_HOME/dataops` or
            `~/.cache/dataops`.
        soaps: Join the SOAP vectors of both atoms to each bond.
        mix: Numbers of bonds by type to draw, as of `load_tree`.
        seed: Seed of the draw.
        client: Client of the API; by default one of the configured URL.

    Returns:
        The table. The metadata of its schema contain `dataset`, `dataset_content_id`, and
        `dataset_advisories` if there are any.

    Raises:
        NotFound: The version does not exist, or was deleted.
        Unavailable: The dataset is not in the cache, and the API is not available.
        NothingToExport: The dataset has no usable sub-run.
        TooFewBonds: The mix requires more bonds than exist.

    Example:
        >>> load_dataset("cuzr@1.2.0").num_rows
        9187
    """
    with ExitStack() as stack:
        opened = client or stack.enter_context(DataOpsClient())
        wanted = parse_reference(reference)
        if wanted.version == LATEST:
            wanted = parse_reference(opened.dataset(reference).reference)
        host = re.sub(r"[^A-Za-z0-9.-]+", "-", opened.url.partition("://")[2])
        folder = Path(cache or get_cache_folder(), host, wanted.name, wanted.version)
        opened.pull_dataset(str(wanted), folder)
    return load_tree(folder, soaps=soaps, mix=mix, seed=seed)


def get_cache_folder() -> Path:
    """Return the folder of pulled datasets."""
    # Path.expanduser raises an error for users without a home folder, as in some containers.
    home = os.path.expanduser("~/.cache")  # noqa: PTH111
    return Path(os.environ.get("XDG_CACHE_HOME") or home) / "dataops"
