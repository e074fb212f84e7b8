"""Where records go, and how they are shown."""

from typing import Literal

from pydantic import Field

from tidegauge.spec.models.values import (
    LARGEST,
    SECOND_NS,
    Bucket,
    DurationNs,
    Model,
    Number,
    Topic,
    Whole,
)


class InfluxOutput(Model):
    """Where records are stored."""

    bucket: Bucket = Field(description="InfluxDB bucket; made when it does not exist.")
    retention: DurationNs = Field(
        30 * 86_400 * SECOND_NS,
        description="How long records are kept; 0s means for ever. A bucket that is there keeps"
        " its own unless this is said.",
    )

    @property
    def declares_retention(self) -> bool:
        """Whether the file says a retention: only then one of a bucket that is there is changed."""
        return "retention" in self.model_fields_set


class KafkaOutput(Model):
    """Where records are sent."""

    topic: Topic = Field("real-time-analytics", description="Topic of all records.")
    critical_topic: Topic = Field("critical-alerts", description="Topic of alerts above level 7.")
    events: bool = Field(False, description="Also send every processed event.")
    delivery: Literal["low_latency", "exactly_once"] = Field(
        "low_latency",
        description="Visible at once and perhaps twice after a crash, or once at the epoch's end.",
    )


class Output(Model):
    """Where records go."""

    influxdb: InfluxOutput | None = None
    kafka: KafkaOutput | None = None


class DeadLetters(Model):
    """What becomes of messages that cannot be used, and how many may be refused."""

    limit: Number = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of a partition's last messages that may be dead letters; 1 for any.",
    )
    window: Whole = Field(
        10_000, ge=1, le=1_000_000, description="How many of the last messages are looked at."
    )
    least: Whole = Field(
        1_000,
        ge=1,
        le=LARGEST,
        description="Fewer dead letters among them than this are never too many.",
    )
    on_limit: Literal["stop", "quarantine"] = Field(
        "stop",
        description="Where there are too many: the flow stops, or goes on with letters about ranges"
        " of offsets until the partition has less of them.",
    )
    on_unreadable: Literal["skip", "stop"] = Field(
        "skip",
        description="Batches that the Kafka client cannot read, such as those that unpack to more"
        " than 100 MB: a dead letter tells their offsets and the flow goes on, or it stops.",
    )


class Dashboard(Model):
    """How live the charts of the pipeline are, in Grafana and on the live page."""

    buffer: Whole = Field(
        1_000, ge=10, le=10_000, description="Most points that a chart holds of a series."
    )
    update: DurationNs = Field(
        SECOND_NS, description="How often a chart takes new points; none are closer together."
    )
    refresh: DurationNs = Field(
        5 * SECOND_NS, description="How often a dashboard in Grafana asks for new data."
    )
    range: DurationNs = Field(
        15 * 60 * SECOND_NS, description="How far back a dashboard in Grafana looks at first."
    )
