"""Tasks of a pipeline on a DataOps API: plain functions, which any workflow engine can call.

DATAOPS_URL and DATAOPS_TOKEN select the API. Every function can be repeated after a failure: the
same run is allocated, and complete files are not downloaded again.
"""

from __future__ import annotations

import hashlib

from dataops_client import DataOpsClient, download_all, list_targets
from dataops_client.ml import export_bonds


def allocate_run(nc: str, pipeline_run: str) -> str:
    """Schedule the next run of a composition with its deformed cells, and return its number.

    A retry of the same pipeline run sends the same idempotency key, and receives the same run.
    """
    key = hashlib.sha256(pipeline_run.encode()).hexdigest()  # any text becomes a valid key
    with DataOpsClient() as client:
        id_run = client.generate(nc, idempotency_key=key).id_run
        client.augment(nc, id_run)
    return id_run


def is_done(nc: str, id_run: str) -> bool:
    """Return True if the executor reports that all jobs of the run are done."""
    with DataOpsClient() as client:
        return client.status(nc, id_run).done


def download_run(nc: str, id_run: str, folder: str) -> str:
    """Download the training files of a run to `folder`/<nc>/<id_run>/, and return `folder`."""
    with DataOpsClient() as client:
        targets = list_targets(client, nc, [id_run])
        for result in download_all(client, targets, folder, profile="essential"):
            if result.error:
                raise result.error
    return folder


def export_table(folder: str, table: str) -> str:
    """Write the training table of all downloaded runs, and return its path."""
    export_bonds(folder, table, force=True)
    return table
