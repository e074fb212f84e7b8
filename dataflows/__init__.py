"""The flows: only wiring."""

import os

from dataflows.lifecycle.drain import draining
from dataflows.lifecycle.invocation import is_runner
from tidegauge.memory import tell_out_of_memory

# A worker is one thread of Python, and Polars makes it wait for each of its own; read when Polars
# is first imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")

if is_runner():
    # All else takes a second to import, and Ctrl-C would end that in a traceback.
    draining.on_signals()
    # It is there before what is heavy is imported.
    tell_out_of_memory()
