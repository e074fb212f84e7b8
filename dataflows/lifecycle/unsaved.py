"""What the engine says when its own files cannot be written, in a line for a person."""

import re

from tidegauge.errors import Stop

_FAILURE = re.compile(r'SqliteFailure\(Error \{ code: (\w+), [^}]*\}, (?:Some\("([^"]*)"\)|None)\)')
"""How the engine, which panics, tells what its database has said."""
_ADVICE = {
    "DiskFull": "make room on its disk",
    "DatabaseCorrupt": "put back a copy of it, or start with an empty one",
    "NotADatabase": "put back a copy of it, or start with an empty one",
    "DatabaseBusy": "end what else writes to it",
    "DatabaseLocked": "end what else writes to it",
}
_OTHERWISE = "see to its disk and to the rights of its files"


def unsaved(error: BaseException | None) -> Stop | None:
    """What a person must mend, where it is the recovery directory that has ended the flow."""
    while error is not None:
        if isinstance(error, RuntimeError) and (found := _FAILURE.search(str(error))):
            code, told = found.groups()
            return Stop(
                f"recovery directory: state was not saved ({told or code}):"
                f" {_ADVICE.get(code, _OTHERWISE)} and start again; the flow goes on from what was"
                " saved last"
            )
        error = error.__cause__ or error.__context__
    return None
