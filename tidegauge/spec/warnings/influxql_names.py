"""Names that InfluxQL takes for keywords, so that queries written by hand need quotes."""

from collections.abc import Iterator

from tidegauge.spec.mistakes import Path, Problem
from tidegauge.spec.models import Pipeline

_WORDS = """
    all alter analyze any as asc begin by cardinality create continuous database databases default
    delete desc destinations diagnostics distinct drop duration end every exact explain field for
    from grant grants group groups in inf insert into key keys kill limit show measurement
    measurements name offset on or order password policy policies privileges queries query read
    replication resample retention revoke select series set shard shards slimit soffset stats
    subscription subscriptions tag to user users values where with write and true false time
"""
KEYWORDS = frozenset(_WORDS.split())
"""Of the InfluxQL specification of InfluxDB 1 and 2, and the words of its conditions."""


def influxql_names(pipeline: Pipeline) -> Iterator[Problem]:
    """Measurements, fields and tags with such a name, where the pipeline writes into InfluxDB."""
    if pipeline.output.influxdb is None:
        return
    for path, name in _names(pipeline):
        if name.lower() in KEYWORDS:
            message = f'{name} is a keyword of InfluxQL: queries have to write it as "{name}"'
            yield Problem(path, message)


def _names(pipeline: Pipeline) -> Iterator[tuple[Path, str]]:
    for name, window in pipeline.windows.items():
        here: Path = ("windows", name)
        yield here, name
        yield from (((*here, "by", index), key) for index, key in enumerate(window.by))
        yield from (((*here, "select", key), key) for key in window.select)
    for name, pattern in pipeline.patterns.items():
        here = ("patterns", name)
        yield here, name
        yield from (((*here, "by", index), key) for index, key in enumerate(pattern.by))
        yield from (((*here, "measures", key), key) for key in pattern.measures)
    yield from ((("labels", label), label) for label in pipeline.labels)
