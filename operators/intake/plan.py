"""A source of the pipeline file, compiled to what is done to each of its messages."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from types import MappingProxyType

import xxhash

from operators.enrichment.lookup import Lookup
from operators.enrichment.table import LookupTable
from operators.intake.event_time import decoded_type
from operators.intake.levels import ALERT_LEVEL
from operators.intake.limit import LetterLimit
from operators.intake.notices import Notices, Tell
from operators.intake.process import Process, load_process
from operators.intake.sensitive import HashText, SensitiveFields
from tidegauge.decoding import Decoder
from tidegauge.errors import UserMistake
from tidegauge.expressions.compiled import Scalar
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType
from tidegauge.sizes import Sizes
from tidegauge.spec.models import EventTime, Source

NO_TABLES: Mapping[str, LookupTable] = MappingProxyType({})


@dataclass(frozen=True)
class IntakePlan:
    """What is done to every message of a source; the same for all its partitions.

    Attributes:
        source: name of the source.
        topic: topic it reads.
        decoder: codec of its format, for the declared fields and the event time.
        event_time: where the event time is, and how much disorder is borne.
        zone: time zone of event times that name none.
        drop_event_time: whether the field of the event time is none of the declared ones.
        enrich: what events get from tables, in order.
        filter: condition on the events that are wanted, or None.
        derive: new columns, in order.
        process: the user's own function, or None.
        keep_appended: keep each record's Kafka timestamp as a column.
        sensitive: what is known by its hash only, or None.
        sizes: how large messages, texts and keys may be.
        own_level: whether the file declares the field `alert_level`.
        made: columns that are not as they were in the messages.
        letters: how many dead letters are too many; None for no limit.
        notices: tells a person what is odd about its messages.
    """

    source: str
    topic: str
    decoder: Decoder
    event_time: EventTime
    zone: tzinfo
    drop_event_time: bool
    enrich: tuple[Lookup, ...]
    filter: Scalar | None
    derive: Mapping[str, Scalar]
    process: Process | None
    keep_appended: bool = False
    sensitive: SensitiveFields | None = None
    sizes: Sizes = field(default_factory=Sizes)
    made: frozenset[str] = frozenset()
    own_level: bool = False
    letters: LetterLimit | None = None
    notices: Notices = field(default_factory=Notices, compare=False)


def plan_intake(  # noqa: PLR0913 - what a source is planned with
    name: str,
    source: Source,
    make_decoder: Callable[[Mapping[str, FieldType], Collection[str]], Decoder],
    *,
    zone: tzinfo = UTC,
    keep_appended: bool = False,
    tables: Mapping[str, LookupTable] = NO_TABLES,
    sensitive: Mapping[str, str] = MappingProxyType({}),
    hash_text: HashText | None = None,
    held: Collection[str] = (),
) -> IntakePlan:
    """Compile a source of a checked pipeline file.

    Args:
        name: the source's name.
        source: its declaration.
        make_decoder: codec of the source's format, made from field names and types, and the names
            of which a value of another type counts as absent.
        zone: time zone of event times that name none.
        keep_appended: keep each record's Kafka timestamp as a column.
        tables: the tables that the source is enriched from, by name.
        sensitive: salts of sensitive columns beside the source's own sensitive fields
            (`tidegauge.catalogue.sensitive_columns`).
        hash_text: what stands for their values.
        held: columns whose values are held one by one (`tidegauge.catalogue.held_columns`).

    Raises:
        UserMistake: the `process` function cannot be loaded, or there is no `hash_text` where
            there are sensitive columns.
    """
    declared = {key: field.type for key, field in source.fields.items()}
    own = {key: field.salt for key, field in source.fields.items() if field.sensitive}
    time_field = source.event_time.field
    read = {time_field: decoded_type(source.event_time.format), ALERT_LEVEL: FieldType.INT}
    enrich = []
    given = dict(declared)
    for table, enrichment in source.enrich.items():
        lookup = Lookup(tables[table], enrichment.on, enrichment.fields)
        enrich.append(lookup)
        given |= lookup.types
    derive = {}
    columns = dict(given)
    for key, sql in source.derive.items():
        derive[key] = compile_scalar(sql, columns)
        columns[key] = derive[key].type
    process = _process(name, source)
    hashed = {**sensitive, **own}
    # A function may change the fields of a message, too.
    made = columns.keys() - declared.keys() if process is None else {*columns, *process.adds}
    sizes = Sizes(source.limits, f"sources.{name}.limits", {*held} - hashed.keys())
    return IntakePlan(
        source=name,
        topic=source.kafka.topic,
        decoder=make_decoder(read | declared, {ALERT_LEVEL} - declared.keys()),
        zone=zone,
        event_time=source.event_time,
        drop_event_time=time_field not in declared,
        enrich=tuple(enrich),
        filter=compile_scalar(source.filter, given) if source.filter else None,
        derive=derive,
        process=process,
        keep_appended=keep_appended,
        sizes=sizes,
        made=frozenset(made),
        own_level=ALERT_LEVEL in declared,
        sensitive=_sensitive(name, {time_field, *declared}, hashed, hash_text),
    )


def with_limit(plan: IntakePlan, source: Source, limit: LetterLimit) -> IntakePlan:
    """The plan of a source with a limit on its dead letters."""
    # As earlier versions named it, so that their counts go on.
    counted = (
        f"LetterLimit(share={limit.share!r}, window={limit.window!r}, least={limit.least!r},"
        " declared='')"
    )
    counted += " quarantine" if limit.quarantines else ""
    declared = xxhash.xxh3_128_hexdigest(f"{source.model_dump_json()} {counted}".encode())
    return replace(plan, letters=replace(limit, declared=declared))


def telling(plan: IntakePlan, tell: Tell) -> IntakePlan:
    """The plan of a source whose oddities are told."""
    return replace(plan, notices=Notices(tell))


def _sensitive(
    name: str, told: Collection[str], columns: Mapping[str, str], hash_text: HashText | None
) -> SensitiveFields | None:
    if not columns:
        return None
    if hash_text is None:
        raise UserMistake(
            f"sources.{name}: {', '.join(sorted(columns))}: sensitive fields are hashed with a key:"
            " set TIDEGAUGE_HASH_KEY, or TIDEGAUGE_HASH_KEY_FILE to a file that holds it"
        )
    return SensitiveFields(columns, told, hash_text)


def _process(name: str, source: Source) -> Process | None:
    if source.process is None:
        return None
    adds = {column: added.type for column, added in source.process.adds.items()}
    try:
        return Process(f"sources.{name}", load_process(source.process.function), adds)
    except UserMistake as mistake:
        raise UserMistake(f"sources.{name}.{mistake}") from None
