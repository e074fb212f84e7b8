"""Whether the flow was there: without its own records a count of nothing is not 0 but unknown."""

from grafana.influxql import Store, inner, name, select
from tidegauge.catalogue import FLOW
from tidegauge.durations import UNITS_NS

ALIVE_NS = 2 * UNITS_NS["m"]
"""A flow that wrote nothing for so long has stopped."""
_COUNTER = "processed"
"""A field that every record of the flow has."""


def zero_of(store: Store, column: str, when: str) -> str:
    """A source that adds 0 to a sum where the flow wrote a record, and nothing where it did not.

    Args:
        store: where the records are.
        column: what is summed.
        when: the condition on time.
    """
    return zero(store.measurement(FLOW), store.own, column, when)


def zero(source: str, own: str, column: str, when: str) -> str:
    """As `zero_of`, of the records of a flow that `own` chooses."""
    what = f"last({name(_COUNTER)}) * 0 AS {name(column)}"
    return inner(select(what, source, where=[own, when]))
