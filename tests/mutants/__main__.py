"""`python -m tests.mutants --sample 50 --seed 1`: which small faults do the fast tests notice?

Exit code 0 when at least `--least` of the faults that make a difference are noticed, 1 when fewer
are, 2 when the tests fail without any.
"""

import argparse
import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track

from tests.mutants.coverage import Map, measured
from tests.mutants.faults import Fault, faults_of, in_rooms
from tests.mutants.trial import Outcome, Trial, share, try_fault
from tests.mutants.worker import Worker

CHECKOUT = Path(__file__).parents[2]
HARMLESS = Path(__file__).with_name("harmless.txt")
_NOT_OURS = ":!tests/mutants"
ROOMS = (
    "connectors/codecs",
    "connectors/influxdb",
    "connectors/recovery",
    "grafana/alerting",
    "operators",
    "tidegauge/expressions",
    "tidegauge/patterns",
)


def sampled(rooms: list[str], sample: int, seed: int) -> list[Fault]:
    """Faults drawn from all that can be put into the files of some rooms."""
    files = in_rooms(iter(_git("ls-files").splitlines()), rooms)
    found = [fault for file in files for fault in faults_of(file, (CHECKOUT / file).read_bytes())]
    return random.Random(seed).sample(found, min(sample, len(found)))


def tried(faults: list[Fault], jobs: int, kept: Path | None, console: Console) -> list[Trial]:
    """What becomes of each fault, in copies of the checkout."""
    with TemporaryDirectory(prefix="mutants-") as folder, ExitStack() as stack:
        workers: Queue[Worker] = Queue()
        for number in range(jobs):
            workers.put(stack.enter_context(Worker(CHECKOUT, Path(folder) / str(number))))
        first = workers.get()
        reached = mapped(first.copied, kept, console)
        workers.put(first)

        def one(fault: Fault) -> Trial:
            worker = workers.get()
            try:
                return try_fault(fault, worker, reached)
            finally:
                workers.put(worker)

        trials = []
        with ThreadPoolExecutor(jobs) as pool:
            for trial in track(pool.map(one, faults), "faults", total=len(faults), console=console):
                trials.append(trial)
                if trial.outcome is not Outcome.NOTICED:
                    console.print(f"{trial.outcome}: {trial.name}", markup=False, soft_wrap=True)
        return trials


def mapped(copied: Path, kept: Path | None, console: Console) -> Map:
    """Which test runs which line: kept from before, for the files that have not changed since."""
    commit = _git("rev-parse", "HEAD")
    known = Map.read(kept) if kept is not None and kept.exists() else None
    files: list[str] = []
    if known is not None:
        changed = _git(
            "diff", "--name-only", known.commit, commit, "--", "*.py", _NOT_OURS
        ).splitlines()
        tests = [file for file in changed if Path(file).match("test_*.py")]
        if all(file.startswith("tests/") for file in changed):
            files = [file for file in tests if (copied / file).exists()]
            gone = tuple(f"{file}::" for file in tests)
            for name in [name for name in known.tests if name.startswith(gone)]:
                del known.tests[name]
        else:
            known = None
    if known is None or files:
        console.print("The fast tests run once, to see which of them runs which line.")
        found, failed = measured(copied, files)
        for name in failed:
            console.print(f"left out, as it fails without any fault: {name}", markup=False)
        known = known or Map(commit, {})
        known.add(found)
    known.commit = commit
    if kept is not None:
        known.write(kept)
    return known


def _git(*command: str) -> str:
    ended = subprocess.run(
        ["git", *command], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def main() -> int:
    """Run the trials that the command line asks for, and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=50, help="how many faults")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--room", action="append", help="a folder or file; again for more")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--map", type=Path, help="file that keeps which test runs which line")
    parser.add_argument("--least", type=float, default=0.97, help="share for exit code 0")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    asked = parser.parse_args()
    console = Console(stderr=True)
    faults = sampled(asked.room or list(ROOMS), asked.sample, asked.seed)
    try:
        trials = tried(faults, asked.jobs, asked.map, console)
    except RuntimeError as error:
        console.print(str(error), markup=False)
        return 2
    harmless = frozenset(HARMLESS.read_text(encoding="utf-8").splitlines())
    noticed, different = share(trials, harmless)
    reached = noticed / different if different else 1.0
    left = [one for one in trials if one.outcome is not Outcome.NOTICED]
    if asked.json:
        rows = [{"outcome": one.outcome, "fault": one.name, "line": one.fault.line} for one in left]
        told = {"tried": len(trials), "noticed": noticed, "different": different}
        print(json.dumps({**told, "share": reached, "left": rows}, indent=2))
    else:
        for one in left:
            mark = "harmless" if one.name in harmless else one.outcome
            print(f"{mark}: {one.fault.path}:{one.fault.line}\n  - {one.before}\n  + {one.after}")
        print(f"{noticed} of {different} faults that make a difference are noticed: {reached:.3f}")
    return 0 if reached >= asked.least else 1


if __name__ == "__main__":
    sys.exit(main())
