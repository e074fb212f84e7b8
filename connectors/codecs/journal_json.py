"""Entries of the journal as JSON: an object that names its version and kind.

{"v":1,"kind":"floor","source":…,"topic":…,"partition":0,"offset":17,"floor_ns":…,"run":…}
{"v":1,"kind":"claim","source":…,"topic":…,"partition":0,"run":…}
{"v":1,"kind":"range","source":…,"topic":…,"partition":0,"number":3,"clock_ms":…,"run":…}
{"v":1,"kind":"read_at","source":…,"topic":…,"partition":0,"offset":17,"last":19,"clock_ms":…,"run":…}
{"v":1,"kind":"label","anomaly":…,"key":["north"],"at_ns":…,"right":false,"effective_ns":…,…}
{"v":1,"kind":"patterns","patterns":…,"replaced":…,"effective_ns":…,"changed_ns":…}
"""

from dataclasses import asdict, astuple

import msgspec
import orjson

from connectors.codecs.messages import Message
from tidegauge.errors import Stop
from tidegauge.journal import Claim, Entry, Floor, RangeBegun, ReadAt
from tidegauge.labels import Label
from tidegauge.patterns.changes import PatternChange

VERSION = 1
_KINDS: dict[str, type[Entry]] = {
    "floor": Floor,
    "claim": Claim,
    "range": RangeBegun,
    "read_at": ReadAt,
    "label": Label,
    "patterns": PatternChange,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def entry_message(entry: Entry, topic: str) -> Message:
    """The message of an entry.

    Its key is what a newer entry replaces: of the floors that a run wrote for an offset only the
    highest, which is the last, has to be kept. All labels and changes of patterns are.
    """
    kind = _NAMES[type(entry)]
    value = {"v": VERSION, "kind": kind, **asdict(entry)}
    return Message(topic, _key(kind, entry), orjson.dumps(value))


def _key(kind: str, entry: Entry) -> bytes:
    if isinstance(entry, PatternChange):
        return orjson.dumps([kind, entry.effective_ns, entry.changed_ns, entry.replaced])
    if isinstance(entry, Label):
        return orjson.dumps([kind, *astuple(entry)])
    parts = [kind, entry.source, entry.topic, entry.partition, entry.run]
    if isinstance(entry, Floor | ReadAt):
        parts.append(entry.offset)
    elif isinstance(entry, RangeBegun):
        parts.append(entry.number)
    return "/".join(map(str, parts)).encode()


def read_entry(value: bytes | None) -> Entry | None:
    """The entry of a message; None for what is none, and for kinds that are not known here.

    Raises:
        Stop: it is of a newer version.
    """
    try:
        found = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or found.get("kind") not in _KINDS:
        return None
    if found.get("v") != VERSION:
        raise Stop(
            f"journal: an entry of kind {found['kind']} has version {found.get('v')}, this program"
            f" reads {VERSION}; start the program that wrote it, or a newer one"
        )
    try:
        return msgspec.convert(found, _KINDS[found["kind"]])
    except msgspec.ValidationError:
        return None
