"""The peak of a process's memory is its own."""

import subprocess
import sys

from benchmarks.contestants.peak import peak_mib

_MIB = 1 << 20
_ASK = "from benchmarks.contestants.peak import peak_mib; print(peak_mib())"


def test_a_peak_stays_when_the_memory_is_given_back() -> None:
    before = peak_mib()
    held = bytearray(b"x") * (int(before) + 64) * _MIB
    del held
    assert peak_mib() > before + 32


def test_memory_of_the_parent_does_not_count() -> None:
    held = bytearray(b"x") * (256 * _MIB)
    asked = subprocess.run([sys.executable, "-c", _ASK], check=True, capture_output=True, text=True)
    assert float(asked.stdout) < len(held) / _MIB / 2
