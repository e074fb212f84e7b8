"""A flow that is started as a person does, and what it tells until its end."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.flow_process import ROOT


@dataclass(frozen=True)
class Start:
    """What became of an attempt to start."""

    code: int
    out: str
    lines: list[str]


def start(
    file: Path, environment: Mapping[str, str], options: Sequence[str] = (), **changes: str
) -> Start:
    """Start the bounded flow of a file and wait for its end; it tells no traceback and no token."""
    variables = {**os.environ, **environment, "TIDEGAUGE_BOUNDED": "1", **changes}
    done = subprocess.run(
        [sys.executable, "-m", "bytewax.run", f"dataflows.analytics:flow({str(file)!r})", *options],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    told = done.stdout + done.stderr
    assert "Traceback" not in told, told
    assert "panicked" not in told, told
    assert not environment.get("INFLUXDB_TOKEN") or environment["INFLUXDB_TOKEN"] not in told
    return Start(done.returncode, done.stdout, done.stderr.splitlines())
