"""DAG of Airflow 3: allocates a run, waits for it, downloads it and writes the training table."""

from datetime import timedelta

import dataops_tasks
from airflow.sdk import PokeReturnValue, dag, get_current_context, task


@dag(
    schedule=None,
    params={"nc": "Zr49Cu49Al2", "folder": "/data/dataops", "table": "/data/bonds.parquet"},
    default_args={
        "retries": 5,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
    },
    max_active_runs=4,
    tags=["dataops"],
)
def dataops_training_data() -> None:
    """Allocate, wait, download and export one run of a composition."""

    @task
    def allocate(nc: str) -> str:
        context = get_current_context()
        return dataops_tasks.allocate_run(nc, f"{context['dag'].dag_id}/{context['run_id']}")

    @task.sensor(mode="reschedule", poke_interval=60, timeout=timedelta(days=2).total_seconds())
    def wait(nc: str, id_run: str) -> PokeReturnValue:
        return PokeReturnValue(is_done=dataops_tasks.is_done(nc, id_run))

    @task(max_active_tis_per_dag=2)
    def download(nc: str, id_run: str, folder: str) -> str:
        return dataops_tasks.download_run(nc, id_run, folder)

    @task
    def export(folder: str, table: str) -> str:
        return dataops_tasks.export_table(folder, table)

    nc = "{{ params.nc }}"
    id_run = allocate(nc)
    files = download(nc, id_run, "{{ params.folder }}")
    wait(nc, id_run) >> files
    export(files, "{{ params.table }}")


dataops_training_data()
