"""Outputs: topics that would feed themselves, retention."""

from tidegauge.durations import UNITS_NS
from tidegauge.spec.checks.review import Review


def check_outputs(review: Review) -> None:
    """Check that no topic is read and written, and that InfluxDB takes the retention."""
    output = review.pipeline.output
    if output.influxdb:
        retention = output.influxdb.retention
        if retention and (retention < UNITS_NS["h"] or retention % UNITS_NS["s"]):
            message = "not allowed; allowed: whole seconds, 1h or more, or 0s for ever"
            review.say(("output", "influxdb", "retention"), message)
    _check_topics(review)


def _check_topics(review: Review) -> None:
    pipeline = review.pipeline
    written = {
        pipeline.dead_letter_topic: "where refused records go",
        pipeline.handled_topic: "what became of refused records",
        pipeline.journal_topic: "the pipeline's journal",
        pipeline.outputs_topic: "where the pipeline's outputs note where they began",
    }
    kafka = pipeline.output.kafka
    if kafka:
        written |= {kafka.topic: "written by output.kafka.topic"}
        written |= {kafka.critical_topic: "written by output.kafka.critical_topic"}
        if kafka.topic == kafka.critical_topic:
            message = f"{kafka.topic} is the topic of all records already; take another"
            review.say(("output", "kafka", "critical_topic"), message)
    for name, source in pipeline.sources.items():
        topic = source.kafka.topic
        if topic in written:
            message = f"{topic} is {written[topic]}: the flow would read what it writes"
            review.say(("sources", name, "kafka", "topic"), message)
    for name, table in pipeline.tables.items():
        if table.kafka is not None and table.kafka.topic in written:
            topic = table.kafka.topic
            message = f"{topic} is {written[topic]}: the flow would read what it writes"
            review.say(("tables", name, "kafka", "topic"), message)
