"""Random SQL of a type over some terms; some of it is nonsense that a check has to refuse."""

from collections.abc import Mapping, Sequence
from random import Random

from tidegauge.fieldtypes import FieldType

INT, FLOAT, STRING, BOOL = FieldType.INT, FieldType.FLOAT, FieldType.STRING, FieldType.BOOL
Terms = Mapping[FieldType, Sequence[str]]
"""What stands for a value of a type: columns, or aggregates."""
_LITERALS = {
    INT: ["0", "1", "-7", "3", "1000000007", "9223372036854775807"],
    FLOAT: ["0.5", "-2.25", "1e3", "1e308", "0.0"],
    STRING: ["''", "'a'", "'it''s'", "'NaN'", "'12'", "'é%_'"],
    BOOL: ["TRUE", "FALSE", "NULL = 1", "1 = 1"],
}
_ANY = [
    "CASE WHEN {bool} THEN {same} ELSE {same} END",
    "CASE WHEN {bool} THEN {same} WHEN {bool} THEN NULL END",
    "CASE {int} WHEN 1 THEN {same} WHEN {int} THEN {same} END",
    "COALESCE({same}, {same})",
    "COALESCE({same}, NULL, {same})",
    "NULLIF({same}, {same})",
    "GREATEST({same}, {same})",
    "LEAST({same}, {same}, NULL)",
    "({same})",
]
_NUMBERS = ["{same} + {same}", "{same} - {same}", "{same} * {same}", "-({same})", "ABS({same})"]
_TEMPLATES = {
    INT: [
        *_NUMBERS,
        "{same} % {same}",
        "LENGTH({string})",
        "{bool} + {same}",
        "CAST({float} AS BIGINT)",
        "CAST({string} AS BIGINT)",
        "CAST({bool} AS INT)",
        "FLOOR({same})",
        "ROUND({same})",
        "({float})::bigint",
        "mod({same}, {same})",
    ],
    FLOAT: [
        *_NUMBERS,
        "{int} / {same}",
        "{same} / {int}",
        "{same} % {same}",
        "{same} * {int}",
        "SQRT({same})",
        "LN({int})",
        "EXP({same})",
        "POWER({same}, {int})",
        "{int} ^ 2",
        "ROUND({same}, 2)",
        "FLOOR({same})",
        "CEIL({same})",
        "CAST({string} AS DOUBLE)",
        "CAST({int} AS DOUBLE)",
        "ROUND({same})",
        "CAST({bool} AS DOUBLE)",
        "{bool} * {same}",
    ],
    STRING: [
        "{same} || {same}",
        "{same} || '-' || {int}",
        "{int} || {same}",
        "CONCAT({same}, {int})",
        "UPPER({same})",
        "LOWER({same})",
        "CAST({int} AS VARCHAR)",
        "CAST({float} AS VARCHAR)",
        "CAST({bool} AS TEXT)",
        "CONCAT({float}, {bool}, NULL)",
        "{same} || {float}",
    ],
    BOOL: [
        "{same} AND {same}",
        "{same} OR {same}",
        "NOT ({same})",
        "({same}) IS TRUE",
        "({same}) IS NOT FALSE",
        "{int} > {float}",
        "{float} <= {float}",
        "{string} = {string}",
        "{string} <> {string}",
        "{int} = {int}",
        "{bool} = {int}",
        "{float} IS NULL",
        "({string}) IS NOT NULL",
        "{int} IN (1, 2, NULL)",
        "{int} NOT IN ({int}, 5)",
        "{string} IN ('a', 'b')",
        "{float} BETWEEN {int} AND {float}",
        "{string} LIKE 'a%'",
        "{string} NOT ILIKE '_É%'",
        "{float} IS DISTINCT FROM {float}",
        "{float} IN (1, 2.5)",
        "{string} IS NOT DISTINCT FROM NULL",
        "CAST({int} AS BOOLEAN)",
        "{string} < {string}",
    ],
}
_NONSENSE = [
    "NULL",
    "x IN ()",
    "MAX({int}, 3)",
    "LAST({int}, 1)",
    "UPPER({int})",
    "ROUND({float}, -1)",
    "nothing",
    "{int} + {string}",
    "{string} > {int}",
    "COUNT(DISTINCT {int})",
    "NOW()",
    "1 < 2 < 3",
    "{float} LIKE 'a'",
    "CAST({string} AS BOOLEAN)",
    "CAST({int} AS TIMESTAMP)",
    "ABS({int}, 1)",
    "SUM({float})",
    "CASE WHEN {int} THEN 1 END",
    "{bool} + {string}",
    "(SELECT 1)",
    "*",
    "LN({bool})",
    "FIRST({string}, 1)",
    "{float} || {float}",
    "LENGTH({string}, 2)",
    "COALESCE()",
    "1e999",
    "''",
]


def expression(rng: Random, kind: FieldType, terms: Terms, depth: int = 2) -> str:
    """Random SQL, mostly of the type."""
    if rng.random() < 0.02:
        return _filled(rng, rng.choice(_NONSENSE), kind, terms, depth)
    of_kind = terms.get(kind, ())
    if depth <= 0 or rng.random() < 0.2:
        if of_kind and rng.random() < 0.8:
            return rng.choice(of_kind)
        return rng.choice(_LITERALS[kind])
    return _filled(rng, rng.choice([*_ANY, *_TEMPLATES[kind] * 2]), kind, terms, depth)


def _filled(rng: Random, template: str, kind: FieldType, terms: Terms, depth: int) -> str:
    pieces = template.split("{")
    made = pieces[0]
    for piece in pieces[1:]:
        name, rest = piece.split("}", 1)
        wanted = kind if name == "same" else FieldType(name)
        made += expression(rng, wanted, terms, depth - 1) + rest
    return f"({made})" if depth < 2 else made


def aggregates(rng: Random, terms: Terms) -> dict[FieldType, list[str]]:
    """Random aggregates over columns, by the type of their values."""

    def of(kind: FieldType) -> str:
        return expression(rng, kind, terms, rng.choice([0, 0, 1]))

    def where(call: str) -> str:
        return f"{call} FILTER (WHERE {of(BOOL)})" if rng.random() < 0.2 else call

    number, any_ = rng.choice([INT, FLOAT, BOOL]), rng.choice(list(FieldType))
    floats = ["avg", "std_dev", "variance", "std_dev_pop", "var_pop", "rate", "median"]
    made = {
        INT: ["count(*)", where("count(*)"), f"count({of(any_)})", f"distinct({of(any_)})"],
        FLOAT: ["rate()", *(where(f"{rng.choice(floats)}({of(number)})") for _ in range(3))],
        STRING: [f"top({of(any_)}, {rng.randint(1, 5)})"],
        BOOL: [],
    }
    made[FLOAT].append(f"percentile({of(number)}, {rng.choice(['0', '0.5', '0.99', '1'])})")
    for kind in FieldType:
        made[kind] += [f"{rng.choice(['first', 'last'])}({of(kind)})"]
    for kind in (INT, FLOAT):
        made[kind] += [where(f"{name}({of(kind)})") for name in ("sum", "min", "max", "delta")]
    return made


def taken(rng: Random, steps: Sequence[str], columns: Terms) -> dict[FieldType, list[str]]:
    """Random aggregates over what the steps of a pattern took, by the type of their values."""
    step = rng.choice(steps)
    of_step = {
        kind: [f"{step}.{name}" for name in names if name.isidentifier()]
        for kind, names in columns.items()
    }

    def of(kind: FieldType) -> str:
        if not of_step.get(kind):
            return f"{step}.nothing"
        if rng.random() < 0.7:
            return rng.choice(of_step[kind])
        return expression(rng, kind, of_step, 1)

    made: dict[FieldType, list[str]] = {
        INT: [f"COUNT({step})", f"COUNT({step}.*)", f"COUNT({of(rng.choice(list(FieldType)))})"],
        FLOAT: [f"AVG({of(rng.choice([INT, FLOAT, BOOL]))})"],
        STRING: [],
        BOOL: [],
    }
    for kind in FieldType:
        offset = rng.choice(["", "", ", 0", ", 1", ", 2", ", 100", ", 101"])
        made[kind] += [f"{rng.choice(['FIRST', 'LAST'])}({of(kind)}{offset})"]
        made[kind] += [f"{rng.choice(['MIN', 'MAX'])}({of(kind)})"]
        if kind.numeric:
            made[kind] += [f"SUM({of(kind)})"]
    return made
