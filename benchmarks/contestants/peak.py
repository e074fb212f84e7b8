"""The most memory that a process ever held."""

import re
from pathlib import Path

_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_mib() -> float:
    """Peak of the resident memory of this process, MiB.

    Not `getrusage`: its `ru_maxrss` begins with what the process held before `exec`, which is the
    memory of its parent (getrusage(2), proc_pid_status(5)).
    """
    found = _PEAK.search(Path("/proc/self/status").read_text())
    assert found, "Linux tells the peak of every process"
    return int(found[1]) / 1024
