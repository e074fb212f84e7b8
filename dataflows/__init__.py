"""The flows: only wiring."""

import os

# A worker is one thread of Python, and Polars makes it wait for each of its own; read when Polars
# is first imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
