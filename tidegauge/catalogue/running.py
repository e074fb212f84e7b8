"""Signals that tell how the flow itself runs; every pipeline has them."""

from tidegauge.fieldtypes import FieldType
from tidegauge.signals import Column, Signal, SignalKind

INT, FLOAT, STRING = FieldType.INT, FieldType.FLOAT, FieldType.STRING

DEAD_LETTERS = "dead_letters"
FLOW = "flow"
WINDOW_STATE = "window_state"
LEDGER = "ledger"
PATTERN_STATE = "pattern_state"

DEAD_LETTER_SIGNAL = Signal(
    DEAD_LETTERS,
    SignalKind.DEAD_LETTER,
    DEAD_LETTERS,
    tags=(
        Column(
            "kind",
            STRING,
            "",
            "broken, wrong_type, tombstone, no_event_time, future, late, process, too_large,"
            " unreadable, quarantined, too_many_keys, too_many_runs, or refused where an output"
            " did",
        ),
        Column("topic", STRING, "", "Topic of the record"),
        Column("partition", INT, "", "Partition of the record"),
    ),
    fields=(
        Column("offset", INT, "", "Offset of the record"),
        Column("origin", STRING, "", "Where the message first came, as topic-partition@offset"),
        Column("attempt", INT, "", "1, and one more each time the message was sent again"),
        Column("reason", STRING, "", "Why it was refused"),
        Column("detail", STRING, "", "What programs want to know beside the reason, as JSON"),
        Column("payload", STRING, "", "Its value as text; absent for a tombstone"),
        Column(
            "encoding",
            STRING,
            "",
            "utf-8, or base64 where the payload is no UTF-8; of a source with sensitive fields"
            " redacted, or withheld where there is no payload",
        ),
        Column("size", INT, "bytes", "Length of its value; where payload is shorter, it is cut"),
        Column("key", STRING, "", "Its key as text; absent where it has none"),
        Column("key_encoding", STRING, "", "As encoding, of the key; one too long is withheld"),
    ),
    description="Records that were refused, with origin, reason and payload",
)
FLOW_SIGNAL = Signal(
    FLOW,
    SignalKind.FLOW,
    FLOW,
    tags=(
        Column("source", STRING, "", "The source; two may read one topic"),
        Column("topic", STRING, "", "Topic that is read"),
        Column("partition", INT, "", "Partition that is read"),
    ),
    fields=(
        Column("processed", INT, "short", "Messages processed since the flow's first start"),
        Column("rate", FLOAT, "cps", "Messages processed a second since the record before"),
        Column("errors", INT, "short", "Messages that became dead letters"),
        Column("on_time", INT, "short", "Events within the out-of-orderness"),
        Column("corrections", INT, "short", "Late events within the allowed lateness"),
        Column("late", INT, "short", "Events later than that, which became dead letters"),
        Column("filtered", INT, "short", "Events that the filter left out"),
        Column(
            "odd_levels",
            INT,
            "short",
            "Messages whose alert_level is none, since the process began",
        ),
        Column("watermark_ns", INT, "ns", "Watermark of the partition"),
        Column("watermark_lag_ms", FLOAT, "ms", "Watermark behind the wall clock"),
        Column(
            "state",
            STRING,
            "",
            "active, waiting (new), idle, or finished at the end of a bounded run",
        ),
        Column("quarantined", INT, "", "1 while it is in quarantine for too many dead letters"),
    ),
    description="What became of the messages of each partition",
    run_fields=frozenset({"rate", "watermark_lag_ms", "odd_levels"}),
)
LEDGER_SIGNAL = Signal(
    LEDGER,
    SignalKind.LEDGER,
    LEDGER,
    tags=(
        Column("source", STRING, "", "The source; two may read one topic"),
        Column("topic", STRING, "", "Topic that is read"),
        Column("partition", INT, "", "Partition that is read"),
    ),
    fields=(
        Column("first_offset", INT, "", "Offset of the first message of the range"),
        Column("next_offset", INT, "", "Offset after the last one that was read of it"),
        Column("read", INT, "short", "Messages of it that were read"),
        Column("on_time", INT, "short", "Events within the out-of-orderness"),
        Column("corrections", INT, "short", "Late events within the allowed lateness"),
        Column("filtered", INT, "short", "Events that the filter or the process left out"),
        Column("dead_lettered", INT, "short", "Messages that became dead letters, late ones too"),
        Column("late", INT, "short", "Events that came past the allowed lateness"),
        Column("unaccounted", INT, "short", "Messages that are none of these: normally 0"),
    ),
    description="What became of every message, by ranges of 100,000 offsets",
)
WINDOW_STATE_SIGNAL = Signal(
    WINDOW_STATE,
    SignalKind.WINDOW_STATE,
    WINDOW_STATE,
    tags=(
        Column("window", STRING, "", "The window"),
        Column("group", STRING, "", "Key group"),
    ),
    fields=(
        Column("keys", INT, "short", "Keys that are held"),
        Column("panes", INT, "short", "Open panes, of on-time events and of corrections"),
        Column("bytes", INT, "bytes", "Memory of what is held, about"),
        Column("dropped", INT, "short", "Events that came after the last result they could be in"),
        Column("corrections", INT, "short", "Late events within the allowed lateness"),
        Column("refused", INT, "short", "Events of keys for which there was no room"),
        Column("evicted", INT, "short", "Keys dropped for others, or after their time to live"),
        Column("watermark_ns", INT, "ns", "Watermark of the key group"),
    ),
    description="What each key group holds of each window",
    run_fields=frozenset({"bytes"}),
)
PATTERN_STATE_SIGNAL = Signal(
    PATTERN_STATE,
    SignalKind.PATTERN_STATE,
    PATTERN_STATE,
    tags=(
        Column("pattern", STRING, "", "The pattern"),
        Column("group", STRING, "", "Key group"),
    ),
    fields=(
        Column("matches", INT, "short", "Matches so far"),
        Column("timeouts", INT, "short", "Runs whose time was over, so far, where they are told"),
        Column("dropped", INT, "short", "Runs given up because of a limit, so far"),
        Column("late", INT, "short", "Events that came behind the watermark, so far"),
        Column("refused", INT, "short", "Events for which there was no room to wait, so far"),
        Column("keys", INT, "short", "Keys with an unfinished run"),
        Column("partial_matches", INT, "short", "Unfinished runs, at most"),
        Column("buffered_events", INT, "short", "Events that unfinished runs hold, at most"),
        Column("waiting", INT, "short", "Events that wait for the watermark"),
    ),
    description="What each key group holds of each pattern",
)
