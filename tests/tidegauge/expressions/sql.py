"""Random SQL of a type, as we write it and as SQLite does, for comparing the two."""

from dataclasses import dataclass
from functools import cache

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tidegauge.fieldtypes import FieldType

COLUMNS = {
    "i": FieldType.INT,
    "j": FieldType.INT,
    "x": FieldType.FLOAT,
    "odd na-me": FieldType.FLOAT,
    "s": FieldType.STRING,
    "t": FieldType.STRING,
    "b": FieldType.BOOL,
    "c": FieldType.BOOL,
}
NAMES = {kind: [name for name, of in COLUMNS.items() if of is kind] for kind in FieldType}
TEXTS = st.text("abAB%_ é", max_size=4)
VALUES: dict[FieldType, SearchStrategy[object]] = {
    FieldType.INT: st.integers(-20, 20),
    FieldType.FLOAT: st.integers(-80, 80).map(lambda n: n / 4),
    FieldType.STRING: TEXTS,
    FieldType.BOOL: st.booleans(),
}
ROWS = st.lists(
    st.fixed_dictionaries({n: st.none() | VALUES[kind] for n, kind in COLUMNS.items()}),
    min_size=1,
    max_size=8,
)


@dataclass(frozen=True)
class Pair:
    """The same expression in our SQL and in SQLite's."""

    ours: str
    theirs: str


def _same(text: str) -> Pair:
    return Pair(text, text)


def _format(ours: str, theirs: str | None = None) -> "_Template":
    return _Template(ours, theirs or ours)


@dataclass(frozen=True)
class _Template:
    ours: str
    theirs: str

    def of(self, *parts: SearchStrategy[Pair]) -> SearchStrategy[Pair]:
        """The template with parts put in at {0}, {1} and so on."""
        return st.tuples(*parts).map(
            lambda made: Pair(
                self.ours.format(*(part.ours for part in made)),
                self.theirs.format(*(part.theirs for part in made)),
            )
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _leaf(kind: FieldType) -> SearchStrategy[Pair]:
    columns = st.sampled_from(NAMES[kind]).map(lambda name: _same(f'"{name}"'))
    literals = {
        FieldType.INT: st.integers(0, 9).map(str),
        FieldType.FLOAT: st.integers(0, 40).map(lambda n: str(n / 4)),
        FieldType.STRING: TEXTS.map(_quoted),
        FieldType.BOOL: st.sampled_from(["TRUE", "FALSE", "(NULL = 1)"]),
    }
    return columns | literals[kind].map(_same)


@cache
def expressions(kind: FieldType, depth: int = 3) -> SearchStrategy[Pair]:
    """Expressions of a type, nested at most `depth` deep."""
    if depth == 0:
        return _leaf(kind)
    of = {each: expressions(each, depth - 1) for each in FieldType}
    made = _numbers(kind, of) if kind.numeric else _texts(of)
    if kind is FieldType.BOOL:
        made = _conditions(of)
    same, condition = of[kind], of[FieldType.BOOL]
    return st.one_of(
        _leaf(kind),
        _format("(CASE WHEN {0} THEN {1} ELSE {2} END)").of(condition, same, same),
        _format("(CASE {0} WHEN {1} THEN {2} END)").of(same, same, same),
        _format("COALESCE({0}, {1})").of(same, same),
        _format("NULLIF({0}, {1})").of(same, same),
        _format(
            "GREATEST({0}, {1})",
            "(CASE WHEN {0} IS NULL THEN {1} WHEN {1} IS NULL THEN {0} ELSE max({0}, {1}) END)",
        ).of(same, same),
        _format(
            "LEAST({0}, {1})",
            "(CASE WHEN {0} IS NULL THEN {1} WHEN {1} IS NULL THEN {0} ELSE min({0}, {1}) END)",
        ).of(same, same),
        *made,
    )


def _numbers(
    kind: FieldType, of: dict[FieldType, SearchStrategy[Pair]]
) -> list[SearchStrategy[Pair]]:
    same, whole = of[kind], of[FieldType.INT]
    made = [_format(f"({{0}} {sign} {{1}})").of(same, same) for sign in "+-*"]
    made += [_format("(-{0})").of(same), _format("ABS({0})").of(same)]
    if kind is FieldType.INT:
        return [
            *made,
            _format("({0} % {1})").of(same, same),
            _format("LENGTH({0})").of(of[FieldType.STRING]),
            _format("({0} + {1})").of(same, of[FieldType.BOOL]),
        ]
    return [
        *made,
        _format("({0} / {1})", "(CAST({0} AS REAL) / {1})").of(same, whole),
        _format("({0} / {1})", "(CAST({0} AS REAL) / {1})").of(whole, same),
        _format("({0} * {1})").of(whole, same),
        _format("FLOOR({0})").of(same),
        _format("CEIL({0})").of(same),
        _format("CAST({0} AS DOUBLE)", "CAST({0} AS REAL)").of(whole),
    ]


def _texts(of: dict[FieldType, SearchStrategy[Pair]]) -> list[SearchStrategy[Pair]]:
    same = of[FieldType.STRING]
    return [
        _format("({0} || {1})").of(same, same),
        _format("CONCAT({0}, {1})", "(COALESCE({0}, '') || COALESCE({1}, ''))").of(same, same),
        _format("CAST({0} AS VARCHAR)", "CAST({0} AS TEXT)").of(of[FieldType.INT]),
    ]


def _conditions(of: dict[FieldType, SearchStrategy[Pair]]) -> list[SearchStrategy[Pair]]:
    condition, whole = of[FieldType.BOOL], of[FieldType.INT]
    made = [
        _format("({0} AND {1})").of(condition, condition),
        _format("({0} OR {1})").of(condition, condition),
        _format("(NOT {0})").of(condition),
        _format("({0} IS TRUE)").of(condition),
        _format("({0} IS NOT FALSE)").of(condition),
        _format("({0} = {1})").of(condition, whole),
        _format("({0} LIKE {1})").of(of[FieldType.STRING], TEXTS.map(lambda t: _same(_quoted(t)))),
        _format("({0} IN ({1}, {2}, NULL))").of(whole, whole, whole),
        _format("({0} IN (1, 2.5, 3))").of(of[FieldType.FLOAT]),
        _format("({0} IN ('a', 'B'))").of(of[FieldType.STRING]),
    ]
    for kind in FieldType:
        same = of[kind]
        made += [
            _format("({0} IS NULL)").of(same),
            _format("({0} IS NOT NULL)").of(same),
            _format("({0} IS DISTINCT FROM {1})").of(same, same),
            _format("({0} NOT IN ({1}, {2}))").of(same, same, same),
            _format("({0} BETWEEN {1} AND {2})").of(same, same, same),
        ]
        made += [
            _format(f"({{0}} {sign} {{1}})").of(same, same)
            for sign in ("=", "<>", "!=", "<", "<=", ">", ">=")
        ]
    return made
