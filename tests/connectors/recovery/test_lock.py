"""One cluster at a time has a recovery directory, and its processes share it."""

import fcntl
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.recovery.lock import claim, guarded, is_lock, require_unclaimed
from tidegauge.errors import UserMistake

CLUSTER = "127.0.0.1:1;127.0.0.1:2"
HOLD = """
import sys
from pathlib import Path
from connectors.recovery.lock import claim
held = claim(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def holding(folder: Path, cluster: str, process: int) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the directory."""
    command = [sys.executable, "-c", HOLD, str(folder), cluster, str(process)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


@pytest.mark.parametrize("cluster", ["", "127.0.0.1:3;127.0.0.1:4", "127.0.0.1:2;127.0.0.1:1"])
def test_another_cluster_is_refused_in_one_line_that_names_the_holder(
    tmp_path: Path, cluster: str
) -> None:
    with holding(tmp_path, CLUSTER, 1) as other:
        with pytest.raises(UserMistake) as refused:
            claim(tmp_path, cluster, 0)
        (line,) = str(refused.value).splitlines()
        assert line.startswith(f"recovery directory {tmp_path}: a flow runs already with it (")
        place = f"process 1 of a cluster, pid {other.pid} on {os.uname().nodename} since 20"
        assert place in line
        with pytest.raises(UserMistake, match=f"pid {other.pid} "):
            require_unclaimed(tmp_path)


def test_the_same_process_number_twice_is_refused(tmp_path: Path) -> None:
    with holding(tmp_path, CLUSTER, 0) as other:
        with pytest.raises(UserMistake, match="process 0 of this cluster runs already") as refused:
            claim(tmp_path, CLUSTER, 0)
        assert f"pid {other.pid} " in str(refused.value)


@pytest.mark.parametrize(
    ("flow", "said"),
    [("web", "flow 'web' runs already"), ("shop", "another flow, 'web', runs")],
)
def test_a_flow_alone_is_refused_beside_another_alone_with_what_is_running(
    tmp_path: Path, flow: str, said: str
) -> None:
    held = claim(tmp_path, "", 0, "web")
    with pytest.raises(UserMistake) as refused:
        claim(tmp_path, "", 0, flow)
    with pytest.raises(UserMistake, match=said):
        require_unclaimed(tmp_path, flow)
    held.release()
    line, since = re.subn(r"since 20[-0-9]+T[:0-9]+Z", "since T", str(refused.value))
    assert since == 1
    assert line == (
        f"recovery directory {tmp_path}: {said} with it (pid {os.getpid()} on"
        f" {os.uname().nodename} since T); end that first, or name another directory"
    )


def test_a_lock_of_an_earlier_version_names_no_flow(tmp_path: Path) -> None:
    held = claim(tmp_path, "", 0, "web")
    file = tmp_path / "lock-0"
    told = json.loads(file.read_text())
    del told["flow"]
    file.write_text(json.dumps(told))
    with pytest.raises(UserMistake, match=f"a flow runs already with it .pid {os.getpid()} on "):
        claim(tmp_path, "", 0, "web")
    held.release()


def test_the_processes_of_one_cluster_share_the_directory(tmp_path: Path) -> None:
    with holding(tmp_path, CLUSTER, 0), holding(tmp_path, CLUSTER, 1):
        names = sorted(path.name for path in tmp_path.iterdir())
        assert names == ["lock", "lock-0", "lock-1"]
        assert all(map(is_lock, names))


def test_what_a_kill_leaves_behind_is_no_obstacle(tmp_path: Path) -> None:
    with holding(tmp_path, CLUSTER, 0) as first, holding(tmp_path, CLUSTER, 1) as second:
        for other in (first, second):
            other.send_signal(signal.SIGKILL)
            other.wait()
        require_unclaimed(tmp_path)
        claim(tmp_path, "", 0).release()


def test_a_directory_that_was_let_go_is_free(tmp_path: Path) -> None:
    claim(tmp_path, CLUSTER, 0).release()
    held = claim(tmp_path, "", 0)
    with pytest.raises(UserMistake, match=f"[(]pid {os.getpid()} "):
        claim(tmp_path, CLUSTER, 0)
    held.release()


def test_a_holder_that_has_not_said_who_it_is_is_refused_too(tmp_path: Path) -> None:
    held = claim(tmp_path, CLUSTER, 0)
    (tmp_path / "lock-0").write_text("")
    with pytest.raises(UserMistake, match="has not said who it is holds lock-0"):
        claim(tmp_path, CLUSTER, 1)
    held.release()


def test_a_directory_that_cannot_be_written_is_a_line(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(UserMistake, match=r"lock cannot be written .*; let this user write there"):
        claim(tmp_path, "", 0)


def test_the_lock_is_not_handed_to_programs_that_the_process_starts(tmp_path: Path) -> None:
    held = claim(tmp_path, "", 0)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        held.release()
        require_unclaimed(tmp_path)
        child.kill()


def test_only_one_makes_the_partitions_at_a_time(tmp_path: Path) -> None:
    with (
        guarded(tmp_path),
        (tmp_path / "lock").open("r+b") as other,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with guarded(tmp_path):
        pass
