"""Several processes write the same file at once, and another reads it meanwhile."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

from connectors.embedded.reader import query
from connectors.embedded.store import Store
from tests.connectors.samples import CATALOGUE, batch, record

WRITERS = 3
BATCHES = 20
MAKERS = 4
STORES = 100
"""Enough that makers meet in the moment when SQLite itself does not wait."""
FORKS = multiprocessing.get_context("forkserver")
"""Its processes are forks of one that has imported this module, and nothing else."""
FORKS.set_forkserver_preload([__name__])


def _write(path: Path, writer: int, together: Barrier) -> None:
    together.wait(timeout=60)
    store = Store(path, CATALOGUE)
    for number in range(BATCHES):
        store.write([batch(record(time_ns=number, shop=writer), record(time_ns=number, shop=99))])
    store.close()


def test_processes_that_make_and_write_a_store_at_the_same_time_lose_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    together = FORKS.Barrier(WRITERS)
    writers = [FORKS.Process(target=_write, args=(path, n, together)) for n in range(WRITERS)]
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert [process.exitcode for process in writers] == [0] * WRITERS
    counted = query(path, "SELECT shop, count(*) AS n FROM spend GROUP BY shop ORDER BY shop")
    assert counted["n"].tolist() == [BATCHES] * (WRITERS + 1)


def _make(folder: Path, together: Barrier) -> None:
    for number in range(STORES):
        together.wait(timeout=60)
        Store(folder / f"{number}.db", CATALOGUE).close()


def test_processes_that_make_a_store_together_wait_for_each_other(tmp_path: Path) -> None:
    together = FORKS.Barrier(MAKERS)
    makers = [FORKS.Process(target=_make, args=(tmp_path, together)) for _ in range(MAKERS)]
    for process in makers:
        process.start()
    for process in makers:
        process.join()
    assert [process.exitcode for process in makers] == [0] * MAKERS


def _count(path: Path, answers: "multiprocessing.Queue[int]") -> None:
    answers.put(int(query(path, "SELECT count(*) AS n FROM spend")["n"][0]))


def test_another_process_reads_what_is_committed_while_a_writer_is_at_work(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = Store(path, CATALOGUE)
    store.write([batch(record())])
    answers: multiprocessing.Queue[int] = FORKS.Queue()
    with store._transaction() as transaction:
        transaction.execute("DELETE FROM spend")
        reader = FORKS.Process(target=_count, args=(path, answers))
        reader.start()
        seen = answers.get(timeout=60)
        reader.join()
    assert seen == 1
    assert query(path, "SELECT count(*) AS n FROM spend")["n"].tolist() == [0]
    store.close()
