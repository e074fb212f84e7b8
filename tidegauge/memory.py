"""A process that gets no more memory ends with a line, as for anything else that a person can mend.

What Rust cannot allocate, and the kernel's own killer, end a process without asking.
"""

import errno
import sys
from types import TracebackType

OUT_OF_MEMORY = (
    "out of memory: this process gets no more; raise its limit (ulimit -v, or that of its"
    " container), or have it hold less: a smaller TIDEGAUGE_BATCH_SIZE, state.max_keys and limits,"
    " or more processes"
)
_SAYINGS = (
    "failed to map segment",
    "Cannot allocate memory",
    "can't start new thread",
    # Polars goes on without its own library where that cannot be loaded.
    "name 'plr' is not defined",
)
"""How it is told by what has no error of its own for it."""
COULD_NOT_RUN = 2


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error says so, or one that it follows from."""
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        if any(saying in str(error) for saying in _SAYINGS):
            return True
        error = error.__cause__ or error.__context__
    return False


def tell_out_of_memory() -> None:
    """From now on, let this process end in the line where nobody else tells of it."""
    others = sys.excepthook

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not is_out_of_memory(error):
            others(kind, error, trace)
            return
        sys.stderr.write(f"{OUT_OF_MEMORY}\n")
        sys.exit(COULD_NOT_RUN)

    sys.excepthook = tell
