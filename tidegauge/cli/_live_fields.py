"""What `tidegauge check --live` says of the fields of a source: those that no message has."""

from collections.abc import Iterator

from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.sample import TopicSample
from tidegauge.spec.models import Source

_NAMED = 10
"""Most fields that are named in a line."""


def absent_fields(name: str, source: Source, read: TopicSample) -> Iterator[str]:
    """A warning about declared fields that are null in every sampled message, and of other formats.

    Args:
        name: of the source.
        source: its declaration.
        read: messages of its topic.
    """
    types = {field: declared.type for field, declared in source.fields.items()}
    decoder, sound, seen = JsonColumns(types), 0, set[str]()
    for raw in read.partitions.values():
        frame = decoder.decode(raw.payloads).frame
        sound += frame.height
        seen |= {column.name for column in frame if column.null_count() < frame.height}
    looked = f"of {read.messages:,} messages looked at"
    if not sound:
        yield f"source {name}: none {looked} is a JSON object with the declared types"
        return
    absent = [field for field in types if field not in seen]
    if absent:
        more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
        names = ", ".join(absent[:_NAMED]) + more
        yield f"source {name}: no message has a value of {names} ({looked}); is a name misspelt?"
