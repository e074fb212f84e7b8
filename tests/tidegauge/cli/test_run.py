"""`tidegauge run`: the real flow, in one process or several, told to end and told of failures."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.flow_process import ROOT
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.services.process import wait_until
from tests.tidegauge.cli.test_main import run
from tidegauge.cli.run import flow_commands, prepare_recovery, supervise
from tidegauge.errors import UserMistake
from tidegauge.spec.loader import load_pipeline

EVENTS = 600
START_MS = 1_736_942_400_000
PIPELINE = """
version: 1
pipeline: {name}
sources:
  readings:
    kafka: {{topic: {topic}}}
    event_time: {{field: ts, format: epoch_ms}}
    fields: {{place: {{type: string}}}}
windows:
  places: {{from: readings, tumbling: {{size: 10s}}, by: [place], select: {{count: count(*)}}}}
"""


def write(folder: Path, topic: str = "nowhere") -> Path:
    """A pipeline file."""
    file = folder / "it's a pipeline.yaml"
    file.write_text(PIPELINE.format(name=unique("run"), topic=topic), encoding="utf-8")
    return file


def fill(kafka: Kafka, topic: str, first: int = 0) -> None:
    """Events of a minute, 10 a second, from event `first` on."""
    producer = kafka.producer()
    for number in range(first, first + EVENTS):
        event = {"ts": START_MS + number * 100, "place": f"p{number % 7}"}
        producer.produce(topic, json.dumps(event), partition=number % 2)
    producer.flush()


def start(folder: Path, file: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command, in a folder that is not the checkout."""
    return subprocess.Popen(
        [sys.executable, "-m", "tidegauge.cli", "run", str(file), *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and output of a command that ends by itself."""
    try:
        output, _ = process.communicate(timeout=180)
    except subprocess.TimeoutExpired:
        process.terminate()
        raise
    return process.returncode, output


def counted(store: Path) -> int:
    """Events in all windows of the store."""
    if not store.exists():
        return 0
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        try:
            ((total,),) = database.execute('SELECT sum("count") FROM places')
        except sqlite3.OperationalError:
            return 0
    return total or 0


@pytest.mark.parametrize("options", [(), ("--workers", "2"), ("--processes", "2")])
def test_all_events_are_counted_in_one_process_or_several(
    kafka: Kafka, tmp_path: Path, options: Sequence[str]
) -> None:
    topic = kafka.topic(partitions=2)
    fill(kafka, topic)
    command = start(
        tmp_path,
        write(tmp_path, topic),
        *("--embedded", "store.db", *options),
        KAFKA_BOOTSTRAP=kafka.bootstrap,
        TIDEGAUGE_BOUNDED="1",
    )
    assert finish(command)[0] == 0
    assert counted(tmp_path / "store.db") == EVENTS


@pytest.mark.parametrize(("processes", "epoch"), [(1, "1"), (2, "100ms")])
def test_a_flow_that_was_told_to_end_goes_on_where_it_stopped(
    kafka: Kafka, tmp_path: Path, processes: int, epoch: str
) -> None:
    topic = kafka.topic(partitions=2)
    file, store = write(tmp_path, topic), tmp_path / "store.db"
    options = ["--recovery", "state", "--epoch", epoch, "--embedded", str(store)]
    options += ["--processes", str(processes)]
    fill(kafka, topic)
    first = start(tmp_path, file, *options, KAFKA_BOOTSTRAP=kafka.bootstrap)
    assert wait_until(
        lambda: counted(store) > 0, seconds=180, alive=lambda: first.poll() is None
    ), finish(first)
    first.send_signal(signal.SIGTERM)
    assert finish(first)[0] == 0
    fill(kafka, topic, first=EVENTS)
    bounded = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "TIDEGAUGE_BOUNDED": "1"}
    assert finish(start(tmp_path, file, *options, **bounded))[0] == 0
    assert counted(store) == 2 * EVENTS


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_second_start_on_a_recovery_directory_is_refused_and_the_first_goes_on(
    kafka: Kafka, tmp_path: Path, processes: str
) -> None:
    topic = kafka.topic(partitions=2)
    file, store = write(tmp_path, topic), tmp_path / "store.db"
    # One that is idle while the others are refused would be judged by the other when it wakes.
    text = file.read_text(encoding="utf-8")
    assert "format: epoch_ms" in text
    file.write_text(text.replace("format: epoch_ms", "format: epoch_ms, idle_after: 10m"))
    options = ["--recovery", "state", "--epoch", "100ms", "--embedded", str(store)]
    environment = {"KAFKA_BOOTSTRAP": kafka.bootstrap}
    fill(kafka, topic)
    first = start(tmp_path, file, *options, "--processes", processes, **environment)
    assert wait_until(
        lambda: counted(store) > 0, seconds=180, alive=lambda: first.poll() is None
    ), finish(first)
    for again in ("1", "2"):
        second = start(tmp_path, file, *options, "--processes", again, **environment)
        code, output = finish(second)
        (line,) = output.splitlines()
        assert code == 2
        assert line.startswith("recovery directory state: flow ")
        assert f"(pid {first.pid} on " in line or processes == "2"
    plain = [sys.executable, "-m", "bytewax.run", f"dataflows.analytics:flow({str(file)!r})"]
    refused = subprocess.run(
        [*plain, "-r", str(tmp_path / "state"), "-s", "1", "-b", "0"],
        env={**os.environ, **environment, "TIDEGAUGE_STORE": str(store)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    look = [sys.executable, "-m", "tidegauge.cli", "state"]
    for action in (["inspect", "state"], ["backup", "state", "copy"]):
        done = subprocess.run([*look, *action], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert first.poll() is None
    first.send_signal(signal.SIGTERM)
    assert finish(first)[0] == 0
    fill(kafka, topic, first=EVENTS)
    bounded = {**environment, "TIDEGAUGE_BOUNDED": "1"}
    assert finish(start(tmp_path, file, *options, **bounded))[0] == 0
    assert counted(store) == 2 * EVENTS


@pytest.mark.parametrize("processes", ["1", "2"])
def test_no_broker_is_a_line_and_exit_code_2(tmp_path: Path, processes: str) -> None:
    nowhere = {"KAFKA_BOOTSTRAP": "127.0.0.1:1", "TIDEGAUGE_START_TIMEOUT": "0.5"}
    command = start(tmp_path, write(tmp_path), "--processes", processes, **nowhere)
    code, output = finish(command)
    assert code == 2
    lines = output.splitlines()
    assert 1 <= len(lines) <= int(processes)
    # Two processes may know different reasons by then.
    said = "KAFKA_BOOTSTRAP=127.0.0.1:1: no Kafka broker answered within 0.5 s"
    assert all(line.startswith(said) for line in lines)


def test_mistakes_of_the_file_are_lines_and_exit_code_2(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("version: 2\n", encoding="utf-8")
    code, output = finish(start(tmp_path, file))
    assert code == 2
    assert f"{file}:1: version: 2 is not allowed; allowed: 1" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("absent.yaml",), "absent.yaml: cannot be read: No such file or directory"),
        (("it's a pipeline.yaml", "--epoch", "5"), "name a folder by --recovery"),
        (("it's a pipeline.yaml", "-a", "h:1;h:2"), "--process-id and --addresses belong together"),
        (("it's a pipeline.yaml", "-i", "0", "-a", "h:1", "-a", "h:2"), 'semicolons: -a "h:1;h:2"'),
        (("it's a pipeline.yaml", "-i", "2", "-a", "h:1;h:2"), "allowed: 0 to 1"),
        (("it's a pipeline.yaml", "--recovery", "s", "--epoch", "0s"), "takes some time"),
        (("it's a pipeline.yaml", "--recovery", "s", "--epoch", "0.1"), "is no duration"),
        (("it's a pipeline.yaml", "--recovery", "a/b"), "a/b: No such file or directory"),
    ],
)
def test_what_cannot_run_is_a_line_and_exit_code_2(
    tmp_path: Path,
    arguments: Sequence[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    # Else what is started all the same would take the place of the tests.
    monkeypatch.setattr("os.execve", None)
    code, out, err = run("run", *arguments, capsys=capsys)
    assert (code, out, message in err, err.count("\n")) == (2, "", True, 1)


def test_recovery_partitions_are_made_once_one_for_each_key_group(tmp_path: Path) -> None:
    pipeline, folder = load_pipeline(write(tmp_path)), tmp_path / "state"
    prepare_recovery(folder, pipeline)
    made = {file.name: file.stat().st_ino for file in folder.glob("part-*")}
    assert sorted(made) == [f"part-{number}.sqlite3" for number in range(4)]
    prepare_recovery(folder, pipeline)
    assert {file.name: file.stat().st_ino for file in folder.glob("part-*")} == made


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_recovery_partitions_are_of_their_user_alone_whatever_the_umask(
    tmp_path: Path, umask: int
) -> None:
    pipeline, folder = load_pipeline(write(tmp_path)), tmp_path / "state"
    before = os.umask(umask)
    try:
        prepare_recovery(folder, pipeline)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["", "part-0.sqlite3", "lock"])
def test_a_recovery_directory_that_others_may_write_is_not_used(tmp_path: Path, name: str) -> None:
    pipeline, folder = load_pipeline(write(tmp_path)), tmp_path / "state"
    prepare_recovery(folder, pipeline)
    (folder / name).chmod(0o770)
    with pytest.raises(UserMistake, match=f"may write {name or 'it'}; if none of them has, take"):
        prepare_recovery(folder, pipeline)


def test_a_folder_of_other_files_is_not_for_recovery(tmp_path: Path) -> None:
    pipeline = load_pipeline(write(tmp_path))
    with pytest.raises(UserMistake, match="holds other files; name a new or empty folder"):
        prepare_recovery(tmp_path, pipeline)


def test_processes_know_their_number_and_all_addresses() -> None:
    commands = flow_commands(Path("p.yaml"), ["-w", "1"], 3)
    assert [command[command.index("-i") + 1] for command in commands] == ["0", "1", "2"]
    (addresses,) = {command[command.index("-a") + 1] for command in commands}
    assert len(set(addresses.split(";"))) == 3
    assert "-a" not in flow_commands(Path("p.yaml"), ["-w", "1"], 1)[0]


BLOCKS = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]);"


def outcome(*programs: str, grace_s: float = 30) -> int:
    """Exit code of Python programs run side by side."""
    commands = [[sys.executable, "-c", program] for program in programs]
    return asyncio.run(supervise(commands, os.environ, grace_s))


def test_all_that_end_well_are_waited_for() -> None:
    assert outcome("pass", "pass") == 0


def test_the_first_failure_is_the_exit_code_and_ends_the_others() -> None:
    assert outcome("raise SystemExit(3)", "import signal; signal.pause()") == 3


def test_what_does_not_end_is_killed() -> None:
    stubborn = f"{BLOCKS} signal.pause()"
    assert outcome("raise SystemExit(4)", stubborn, grace_s=0.5) == 4


def test_a_process_that_a_signal_ended_counts_as_failed() -> None:
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert outcome(killed) == 128 + signal.SIGKILL


@pytest.mark.parametrize(
    ("sent", "received"),
    [("SIGTERM", "SIGTERM"), ("SIGINT", "SIGINT"), ("SIGHUP", "SIGTERM")],
)
def test_signals_are_passed_on_to_all(sent: str, received: str) -> None:
    child = (
        "import os, signal; waited = [signal.SIGTERM, signal.SIGINT];"
        "signal.pthread_sigmask(signal.SIG_BLOCK, waited); os.write(1, b'ready\\n');"
        "os.write(1, f'{signal.Signals(signal.sigwait(waited)).name}\\n'.encode())"
    )
    parent = (
        "import asyncio, os, sys; from tidegauge.cli.run import supervise;"
        f"commands = [[sys.executable, '-c', {child!r}]] * 2;"
        "sys.exit(asyncio.run(supervise(commands, os.environ)))"
    )
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
    process.send_signal(signal.Signals[sent])
    code, output = finish(process)
    assert (code, output.split()) == (0, [received] * 2)
