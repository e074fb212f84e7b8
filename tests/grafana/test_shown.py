"""Keys and texts as they are written: in tables, at bars, in links and as a choice.

What is shown is said by Grafana's own library.
"""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.grafana.asking import Asking
from tests.grafana.browser.display import Display
from tests.grafana.browser.pictures import pictures
from tests.grafana.database import Series
from tests.grafana.macros import Choice
from tests.grafana.rendering import dashboards, panels
from tests.grafana.shop import SHOP, shop
from tests.grafana.written import AT_MS, ODD_KEYS, Written


def test_a_key_is_shown_digit_for_digit_in_every_table(odd: Written, shows: Display) -> None:
    seen: set[str] = set()
    for panel, picture in pictures(shows, odd.asking(), "table"):
        (frame,) = picture.frames
        for key in {"user id", "shop", "interval"} & set(frame):
            column = frame[key]
            wanted = [value or "-" for value in column.values]
            assert column.texts == wanted, (panel["title"], key)
            seen |= set(column.texts)
    assert seen >= {*ODD_KEYS}


def test_a_key_is_shown_digit_for_digit_at_every_bar(odd: Written, shows: Display) -> None:
    titles = {
        panel["title"]: [single.title for single in picture.singles]
        for panel, picture in pictures(shows, odd.asking(), "bargauge")
    }
    # Ten of them, the worst: low revenue, many orders.
    assert titles["revenue: lowest now"] == [f"{key} 1004" for key in ODD_KEYS[:10]]
    assert len(titles["orders: highest now"]) == 10
    assert set(titles["orders: highest now"]) < set(ODD_KEYS)


def test_a_text_and_a_whole_number_without_a_unit_are_shown_digit_for_digit(
    odd: Written, shows: Display
) -> None:
    found = {panel["title"]: picture for panel, picture in pictures(shows, odd.asking(), "table")}
    (matches,) = found["Newest of bought"].frames
    assert set(matches["where"].texts) == {"0012"}
    assert set(matches["which"].texts) == {"1004"}
    (wrong,) = found["What is wrong now"].frames
    assert set(wrong["Value"].texts) == {"1004"}
    assert set(wrong["What happened"].texts) == set(ODD_KEYS)


def test_a_text_over_time_keeps_its_digits(shows: Display) -> None:
    """The state of a window's metric that is a text: `last(interval)` may be 1004."""
    window = {**SHOP["windows"]["total"], "select": {"newest": "last(interval)"}}
    board = dashboards([shop(windows={**SHOP["windows"], "total": window}, alerts={})])["shop"]
    panel = next(each for each in panels(board) if each["title"] == "newest")
    answer = Series("total", {}, ["time", "newest"], [[AT_MS, "1004"], [AT_MS + 1, "1e5"]])
    (frame,) = shows.show(panel, [(panel["targets"][0], [answer])]).frames
    assert frame["newest"].texts == ["1004", "1e5"]


def test_every_link_of_a_key_leads_to_that_key_alone(odd: Written, shows: Display) -> None:
    dashboard = odd.asking()
    seen = 0
    for panel, picture in pictures(shows, dashboard, "table", "bargauge"):
        for frame in picture.frames:
            for column in frame.values():
                for value, links in zip(column.values, column.links, strict=False):
                    for link in links if panel["type"] == "table" else ():
                        assert_leads(link, dashboard, {column.name: value or ""})
                        seen += 1
        for single in picture.singles:
            (link,) = single.links
            assert_leads(link, dashboard, None, single.title)
            seen += 1
    assert seen > 4 * len(ODD_KEYS)


def assert_leads(
    link: str, dashboard: Asking, wanted: dict[str, str] | None, title: str = ""
) -> None:
    """The address has the time range and the values, and nothing that a value let in."""
    parts = urlsplit(link)
    assert parts.path == f"/d/{dashboard.board['uid']}"
    assert not parts.fragment, link
    found = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    assert (found.pop("from"), found.pop("to")) == (["now-15m"], ["now"])
    names = {f"var-{name}": each.get("label", "") for name, each in dashboard.variables.items()}
    values = {names[name]: value for name, (value,) in found.items()}
    if wanted is None:
        assert " ".join(values.values()) == title
        assert all(values)
    else:
        assert values == wanted


@pytest.mark.parametrize("count", [1, 2])
def test_an_odd_key_can_be_chosen_alone_or_with_another(odd: Written, count: int) -> None:
    for variable, key, title in (
        ("key_user_id", "user id", "revenue"),
        ("key_interval", "interval", "orders"),
    ):
        offered = odd.asking().values(variable)
        assert set(offered) == set(ODD_KEYS)
        for one, other in zip(offered, [*offered[1:], offered[0]], strict=True):
            chosen = [one, other][:count]
            dashboard = odd.asking(choices={variable: Choice(chosen)})
            panel = next(each for each in panels(dashboard.board) if each["title"] == title)
            drawn = next(
                found for target, found in dashboard.answers(panel) if target["refId"] == "A"
            )
            assert {series.tags[key] for series in drawn} == set(chosen)


@pytest.mark.parametrize(
    ("keys", "drawn"),
    [
        (["region"], "1004"),
        (["a-b", "x.y"], "1004 00123"),
        (["user id"], "1004"),
        (["user id", "ü"], "1004 00123"),
        (["a:b", "c}"], 'a:b="1004", c}="00123"'),
    ],
)
def test_a_series_is_named_by_its_keys_whatever_these_are_called(
    keys: list[str], drawn: str, shows: Display
) -> None:
    tags = dict(zip(keys, ("1004", "00123"), strict=False))
    fields = {**SHOP["sources"]["orders"]["fields"], **{key: {"type": "string"} for key in keys}}
    changed = {**SHOP["windows"], "total": {**SHOP["windows"]["total"], "by": keys}}
    sources = {"orders": {**SHOP["sources"]["orders"], "fields": fields}}
    board = dashboards([shop(windows=changed, sources=sources)])["shop"]
    panel = [each for each in panels(board) if each["title"] == "orders"][1]
    answer = Series("total", tags, ["time", "orders"], [[AT_MS, 7], [AT_MS + 1, 8]])
    (frame,) = shows.show(panel, [(panel["targets"][0], [answer])]).frames
    assert list(frame)[-1] == drawn
