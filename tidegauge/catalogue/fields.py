"""Fields that every record of a kind has, whatever the pipeline file says."""

from tidegauge.fieldtypes import FieldType
from tidegauge.signals import Column
from tidegauge.spec.models import Window

INT, FLOAT, STRING = FieldType.INT, FieldType.FLOAT, FieldType.STRING

RUN_FIELDS = frozenset({"processing_time_ns", "latency_ms"})
"""Those that tell of the run, not of the data."""
WINDOW_METADATA = (
    Column("start_ns", INT, "ns", "Start of the window, nanoseconds since the epoch"),
    Column(
        "revision",
        INT,
        "",
        "0 for the first result, 1 for the corrected one, negative for early ones",
    ),
    Column("data_points", INT, "short", "Events in the window"),
    Column("first_event_ns", INT, "ns", "Lowest event time in the window"),
    Column("last_event_ns", INT, "ns", "Highest event time in the window"),
    Column("processing_time_ns", INT, "ns", "When the result was made"),
    Column(
        "latency_ms",
        FLOAT,
        "ms",
        "From the broker's append of the record that closed the window to the result",
    ),
)
STATE = "state"
"""Field of session windows."""
FINAL, SUPERSEDED = "final", "superseded"
SESSION_METADATA = (
    Column(
        STATE, STRING, "", "final, or superseded where a correction made it part of another session"
    ),
)
ANOMALY_FIELDS = (
    Column("field", STRING, "", "The field that was judged"),
    Column("value", FLOAT, "", "What was measured"),
    Column("expected", FLOAT, "", "What the detector expected"),
    Column("lower", FLOAT, "", "Lower end of the band of the expected"),
    Column("upper", FLOAT, "", "Upper end of the band of the expected"),
    Column("score", FLOAT, "", "Rarity, up to 1; of robust_z the distance in standard deviations"),
    Column("direction", STRING, "", "up or down"),
    Column("detector", STRING, "", "The detector that judged it"),
    Column("reason", STRING, "", "Why it is an anomaly"),
    Column("sensitivity", FLOAT, "", "Part of the alarms asked for that labels leave the series"),
    Column("start_ns", INT, "ns", "Start of the window, or the event time"),
    Column("processing_time_ns", INT, "ns", "When the result was made"),
)
FORECAST_FIELDS = (
    Column("field", STRING, "", "The field that is forecast"),
    Column("expected", FLOAT, "", "What is expected"),
    Column("lower", FLOAT, "", "Lower end of the band"),
    Column("upper", FLOAT, "", "Upper end of the band"),
    Column("made_at_ns", INT, "ns", "What came until then is known to the forecast"),
    Column("horizon_ns", INT, "ns", "How far ahead it was made"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
PREDICTION_FIELDS = (
    Column("value", FLOAT, "", "What the model says"),
    Column("start_ns", INT, "ns", "Start of the window"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
MATCH_FIELDS = (
    Column("id", STRING, "", "Identity of the match, made from the events it took"),
    Column("kind", STRING, "", "match, or timeout for a run whose time was over"),
    Column("events", INT, "short", "Events that were taken"),
    Column("started_ns", INT, "ns", "Event time of the first one"),
    Column("ended_ns", INT, "ns", "Event time of the last one"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
ALERT_FIELDS = (
    Column("id", STRING, "", "Identity of this firing, from its first to its last record"),
    Column(
        "state",
        STRING,
        "",
        "pending, firing, resolved, stale where nothing came of a firing one's series for too long,"
        " or inactive where a pending one came to nothing",
    ),
    Column("active", INT, "", "1 while firing, else 0"),
    Column("value", FLOAT, "", "Value that the condition looked at"),
    Column("summary", STRING, "", "What happened, in a sentence"),
    Column("since_ns", INT, "ns", "When the condition began to hold"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
DELAY = Column("delay_ms", FLOAT, "ms", "From the record's time until it was made, or written")
"""Field of alerts in InfluxDB, where rules of Grafana go by it."""


def window_metadata(window: Window) -> tuple[Column, ...]:
    """What is known of every window of this kind, besides its metrics."""
    return WINDOW_METADATA + (SESSION_METADATA if window.session else ())
