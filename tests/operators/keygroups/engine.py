"""The engine's entry points, with types, for the tests of operators."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar, cast

from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main, run_main

from dataflows.topology.sealed import seal
from tidegauge.savedstate import dumps, loads

T = TypeVar("T")


def run(flow: Dataflow, workers: int = 1) -> None:
    """Run a flow to its end."""
    cluster_main(flow, [], 0, worker_count_per_proc=workers)  # type: ignore[no-untyped-call]  # published so


def run_crashing(
    flow: Dataflow,
    store: Path,
    before_last: Callable[[], object] = lambda: None,
    *,
    sealed: bool = True,
) -> None:
    """Run a flow whose source stops once, and then what is left of it, with an epoch an item.

    What steps of others save cannot be sealed.
    """
    store.mkdir()
    init_db_dir(store, 1)  # type: ignore[no-untyped-call]  # published so
    if sealed:
        seal(flow)
    make_config = cast("Callable[[str], RecoveryConfig]", RecoveryConfig)
    for last in (False, True):
        if last:
            before_last()
        run_main(  # type: ignore[no-untyped-call]  # published so
            flow, epoch_interval=timedelta(0), recovery_config=make_config(str(store))
        )


def pickled(state: T) -> T:
    """What becomes of a state that is written and read back."""
    return cast("T", loads(dumps(state)))
