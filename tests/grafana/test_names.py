"""Uids, variables, durations, quotes."""

import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from grafana import influxql
from grafana.durations import duration
from grafana.keys import variable_names
from grafana.uids import LONGEST, uid
from tests.grafana.rendering import files, walk
from tests.grafana.shop import SHOP, shop
from tidegauge.durations import UNITS_NS, parse_duration_ns

names = st.text(min_size=1, max_size=80)


@given(names, names)
def test_a_uid_is_one_of_grafanas_and_the_same_each_time(one: str, other: str) -> None:
    made = uid("tg", one, other)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", made)
    assert made == uid("tg", one, other)
    assert len(made) <= LONGEST


def test_uids_that_are_cut_still_differ() -> None:
    long = "x" * 60
    assert uid("tg", long, "a") != uid("tg", long, "b")
    assert uid("tg", "payments", "failures") == "tg-payments-failures"


@given(st.lists(names, unique=True, max_size=8))
def test_each_key_has_a_variable_of_its_own_that_grafana_can_name(keys: list[str]) -> None:
    found = variable_names(keys)
    assert list(found) == keys
    assert len(set(found.values())) == len(keys)
    assert all(re.fullmatch(r"\w+", name, re.ASCII) for name in found.values())
    assert all(not name.startswith(("__", "drawn_")) for name in found.values())


def test_a_key_that_is_called_like_a_macro_gets_another_variable() -> None:
    assert variable_names(["interval", "region", "user id"]) == {
        "interval": "key_interval",
        "region": "region",
        "user id": "key_user_id",
    }


@given(st.integers(1, 10**16))
def test_durations_are_one_number_and_one_unit(duration_ns: int) -> None:
    text = duration(duration_ns)
    assert re.fullmatch(r"[0-9]+(ms|s|m|h|d)", text)
    assert 0 <= parse_duration_ns(text) - duration_ns < UNITS_NS["ms"]


def test_names_and_texts_are_quoted_with_what_is_in_them() -> None:
    assert influxql.name('a"b\\c') == r'"a\"b\\c"'
    assert influxql.text("a'b\\c") == r"'a\'b\\c'"


def test_a_window_faster_than_a_chart_is_drawn_at_the_pace_of_the_chart() -> None:
    subject = shop()
    assert subject.step_ns("pace") == UNITS_NS["s"]
    assert subject.step_ns("sales") == UNITS_NS["h"]


def selects(query: str) -> Iterator[str]:
    """A query and those within it, each without those within."""
    while (inner := re.search(r"\((SELECT [^()]*(?:\([^()]*\)[^()]*)*)\)", query)) is not None:
        deepest = inner[1].rpartition("(SELECT ")
        if deepest[1]:
            start = inner.start(1) + len(deepest[0])
            end = query.index(")", start)
            yield query[start + 1 : end]
            query = query[:start] + query[end + 1 :]
        else:
            yield inner[1]
            query = query[: inner.start()] + query[inner.end() :]
    yield query


KEYS = ["since", "rank", "firing", "matches", "anomalies", "records", "active_", "values"]


def test_no_query_gives_a_column_the_name_of_a_key_that_it_groups_by() -> None:
    """One would be taken for the other."""
    fields = {key: {"type": "string"} for key in KEYS}
    source = {**SHOP["sources"]["orders"]}
    source["fields"] = {**source["fields"], **fields}
    window = {**SHOP["windows"]["pace"], "by": KEYS[:2]}
    subject = shop(
        sources={"orders": source},
        windows={
            "pace": window,
            **{key: {**window, "by": [key]} for key in KEYS[2:]},
        },
        anomalies={"odd": {"on": "orders.price", "by": KEYS}},
        alerts={"many": {"when": "pace.orders > 5"}, "odd": {"when": "anomaly(odd)"}},
    )
    found = [
        part[name]
        for file in files([subject]).values()
        for part in walk(file)
        if isinstance(part, dict)
        for name in ("query", "rawSql")
        if isinstance(part.get(name), str)
    ]
    assert len(found) > 50
    for query in (part for whole in found for part in selects(whole)):
        aliases = set(re.findall(r'AS "([^"]+)"', query))
        grouped = set(re.findall(r'"([^"]+)"', " ".join(re.findall(r"GROUP BY ([^()]*)", query))))
        assert not aliases & grouped, query
