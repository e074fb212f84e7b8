"""A recovery store that cannot be written is told in one line, whoever has caught the panic."""

import pytest

from dataflows.lifecycle.unsaved import unsaved

_FULL = (
    "(src/run.rs:167:13) called `Result::unwrap()` on an `Err` value: SqliteFailure(Error"
    ' { code: DiskFull, extended_code: 13 }, Some("database or disk is full"))'
)
_OF_A_WORKER = f"(src/run.rs:292:17) panicked at src/recovery.rs:626:22:\n{_FULL}"
_CORRUPT = "SqliteFailure(Error { code: DatabaseCorrupt, extended_code: 11 }, None)"


@pytest.mark.parametrize("told", [_FULL, _OF_A_WORKER])
def test_a_full_disk_is_told_with_what_to_do(told: str) -> None:
    error = unsaved(RuntimeError(told))
    assert str(error) == (
        "recovery directory: state was not saved (database or disk is full): make room on its disk"
        " and start again; the flow goes on from what was saved last"
    )


def test_other_faults_of_its_files_are_told_by_their_name() -> None:
    assert "not saved (DatabaseCorrupt): put back a copy" in str(unsaved(RuntimeError(_CORRUPT)))


def test_it_is_found_behind_what_was_raised_because_of_it() -> None:
    error = ValueError("later")
    error.__cause__ = RuntimeError(_FULL)
    assert "disk is full" in str(unsaved(error))


@pytest.mark.parametrize("error", [None, RuntimeError("other"), ValueError(_FULL)])
def test_what_is_no_fault_of_them_is_left_to_others(error: BaseException | None) -> None:
    assert unsaved(error) is None
