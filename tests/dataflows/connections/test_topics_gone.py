"""Topics that are deleted, or made anew, while a flow uses them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.flow_process import Member, Shape, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from tests.dataflows.shop.files import PIPELINE
from tests.services.kafka import Kafka
from tests.services.process import wait_until

PATIENCE_S = 180.0
TOLD_WITHIN_S = 30.0


@pytest.fixture
def copy(tmp_path: Path, kafka: Kafka) -> Iterator[PrivateCopy]:
    with private_copy(PIPELINE, tmp_path, kafka, None) as copy:
        kafka.topic(topic_of(copy), partitions=1)
        yield copy


def topic_of(copy: PrivateCopy) -> str:
    (source,) = copy.pipeline.sources.values()
    return source.kafka.topic


def send(copy: PrivateCopy, messages: int) -> None:
    producer = copy.kafka.producer()
    for number in range(messages):
        event = {"ts": 1_000 * number, "shop": "s", "amount": 1, "status": "ok"}
        producer.produce(topic_of(copy), json.dumps(event), partition=0)
    producer.flush()


def processed(copy: PrivateCopy) -> int:
    return max((int(record["processed"] or 0) for record in copy.records("flow")), default=0)


def ended(member: Member) -> tuple[int, str]:
    """Exit code and the only line of a flow that ends by itself, in time."""
    code = member.process.wait(TOLD_WITHIN_S)
    (line,) = member.output.splitlines()
    return code, line


@pytest.mark.parametrize("which", ["output", "letters"])
def test_an_output_topic_that_is_deleted_ends_the_flow_with_a_line_within_30_s(
    copy: PrivateCopy, which: str
) -> None:
    assert copy.pipeline.output.kafka is not None
    output = copy.pipeline.output.kafka.topic
    topic = output if which == "output" else copy.pipeline.dead_letter_topic
    with running_flow(copy.path, Shape(), copy.environment) as (member,):
        send(copy, 5)
        assert wait_until(lambda: processed(copy) == 5, seconds=PATIENCE_S)
        copy.kafka.delete_topic(topic)
        send(copy, 90)  # what is made of them cannot be written
        code, line = ended(member)
    assert code == 2
    assert line == (
        f"kafka: topic '{topic}' was deleted while the flow wrote to it: what it held is gone;"
        " start it again: it makes the topic where that is missing, and goes on"
    )


@pytest.mark.parametrize("which", ["source", "journal"])
def test_a_topic_that_is_deleted_while_it_is_used_ends_the_flow_with_a_line_within_30_s(
    copy: PrivateCopy, which: str
) -> None:
    topic = topic_of(copy) if which == "source" else copy.pipeline.journal_topic
    with running_flow(copy.path, Shape(), copy.environment) as (member,):
        send(copy, 5)
        assert wait_until(lambda: processed(copy) == 5, seconds=PATIENCE_S)
        copy.kafka.delete_topic(topic)
        code, line = ended(member)
    assert code == 2
    assert line == (
        f"kafka: topic '{topic}' was deleted while the flow used it; once it is there again,"
        " start with an empty recovery directory, or take it out of the pipeline file"
    )


@pytest.mark.parametrize("messages", [2, 9])
def test_a_topic_that_is_made_anew_while_it_is_read_ends_the_flow_with_a_line(
    copy: PrivateCopy, messages: int
) -> None:
    with running_flow(copy.path, Shape(), copy.environment) as (member,):
        send(copy, 5)
        assert wait_until(lambda: processed(copy) == 5, seconds=PATIENCE_S)
        copy.kafka.delete_topic(topic_of(copy))
        copy.kafka.topic(topic_of(copy), partitions=1)
        send(copy, messages)
        code, line = ended(member)
    assert code == 2
    assert line.startswith(
        f"kafka: topic '{topic_of(copy)}' was deleted and made anew since the flow began (its id "
    )
    assert line.endswith("start with an empty recovery directory")
