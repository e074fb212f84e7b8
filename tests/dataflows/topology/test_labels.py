"""Labels on their way from the journal to the detectors."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource

from connectors.codecs.journal_json import entry_message, read_entry
from dataflows.topology.journal import new_labels
from operators.keygroups.names import group_names
from tests.operators.keygroups.engine import run
from tidegauge.journal import Claim, Claims, Entry, Floor, News
from tidegauge.labels import Label

LABEL = Label("odd", ("north", 7, 1.5, True, None), 10**18, False, 2 * 10**18, 3)
FLOOR = Floor("s", "t", 0, 1, 2, "run")


def test_a_label_comes_back_from_the_journal_as_it_was() -> None:
    message = entry_message(LABEL, "journal")
    assert read_entry(message.value) == LABEL
    assert message.key != entry_message(Label("odd", LABEL.key, 1, True, 2, 3), "journal").key


def test_labels_count_whoever_claims_what() -> None:
    claims = Claims({"s": "t"})
    entries: list[Entry] = [Claim("s", "t", 0, "another"), FLOOR, LABEL]
    assert claims.news(entries) == [LABEL]


def test_every_key_group_hears_a_label() -> None:
    out: list[tuple[str, Label]] = []
    flow = Dataflow("labels")
    entries: list[News] = [FLOOR, LABEL]
    source: TestingSource[News] = TestingSource(entries)
    news = op.input("journal", flow, source)
    op.output("out", new_labels(news, 4), TestingSink(out))
    run(flow)
    assert out == [(name, LABEL) for name in group_names(4)]
