"""Names of ours, made from those of topics."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.spec.inference.names import name_of, pipeline_name, unique
from tidegauge.spec.models import NAME_PATTERN, PIPELINE_PATTERN, TOPIC_PATTERN

TOPICS = st.from_regex(TOPIC_PATTERN, fullmatch=True).filter(lambda name: len(name) <= 249)


@given(TOPICS)
def test_names_are_valid(topic: str) -> None:
    assert re.fullmatch(PIPELINE_PATTERN, pipeline_name(topic))
    assert re.fullmatch(NAME_PATTERN, name_of(topic, "topic"))


@pytest.mark.parametrize("length", [58, 60, 100])
def test_dead_letters_do_not_go_where_messages_come_from(length: int) -> None:
    topic = f"{'a' * length}-dead-letters"
    assert f"{pipeline_name(topic)}-dead-letters" != topic


def test_a_taken_name_gets_a_number() -> None:
    assert unique("a", ["a", "a_2"]) == "a_3"
