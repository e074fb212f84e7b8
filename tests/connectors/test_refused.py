from connectors.refused import refused_records
from tidegauge.catalogue import DEAD_LETTER_SIGNAL
from tidegauge.payloads import MOST_BYTES
from tidegauge.records import TIME_NS


def test_a_letter_tells_who_refused_what_and_why() -> None:
    made = refused_records("kafka:out", [(b"a", "too large"), ("ß".encode(), "other")], 7, "{}")
    columns = [TIME_NS, *(column.name for column in DEAD_LETTER_SIGNAL.columns)]
    assert made.frame.columns == columns
    told = made.frame.select("time_ns", "kind", "topic", "reason", "detail", "payload", "size")
    assert told.rows() == [
        (7, "refused", "kafka:out", "too large", "{}", "a", 1),
        (8, "refused", "kafka:out", "other", "{}", "ß", 2),
    ]


def test_what_is_longer_than_letters_are_is_cut_at_a_character() -> None:
    long = ("x" + "ß" * MOST_BYTES).encode()
    (letter,) = refused_records("t", [(long, "too large")], 0).frame.iter_rows(named=True)
    assert letter["payload"] == "x" + "ß" * ((MOST_BYTES - 1) // 2)
    assert letter["size"] == len(long)
