"""The page in a real browser."""

import json
from collections.abc import Iterator
from statistics import median
from urllib.parse import urlsplit

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By

from connectors.embedded.reader import query
from tests.connectors.live.browser import asked, browser, dress, open_page, wait_for
from tests.connectors.live.records import alert, anomaly, at, counts, window
from tests.connectors.live.servers import Live, live

NEWEST = "tidegauge.newestPlotted()"
MOST_APART_MS = 500


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("page")) as running:
        names = [f"pump-{number}" for number in range(30)]
        running.store.write(
            [window(name, step, 50.0 + step) for name in names for step in range(9)]
        )
        running.store.write([window("oven", step, 70.0 + 3 * step) for step in range(9)])
        running.store.write([anomaly("oven", step) for step in range(6, 9)])
        running.store.write([alert("overheating", "oven", 8, "firing", 9), counts(0, 1, 10)])
        running.store.write([alert("event_level", "pump-9", 8, "firing", 10)])
        yield running


@pytest.fixture(scope="module")
def chrome(server: Live) -> Iterator[Chrome]:
    with browser() as opened:
        open_page(opened, server.url)
        wait_for(opened, f"{NEWEST} === {at(8) / 1e6}")
        yield opened


def texts(chrome: Chrome, selector: str) -> list[str]:
    # In one script: what a message draws anew in between would be gone from the page.
    elements = f"[...document.querySelectorAll({json.dumps(selector)})]"
    found: list[str] = asked(chrome, f"{elements}.map((each) => each.innerText.trim())")
    return found


def test_the_newest_plotted_time_is_that_of_the_stores_newest_record(
    server: Live, chrome: Chrome
) -> None:
    server.store.write([window("oven", 10, 99.0), window("pump-1", 9, 55.0)])
    newest = query(server.path, "SELECT MAX(time_ns) AS newest FROM machines")["newest"][0]
    assert newest == at(10)
    wait_for(chrome, f"{NEWEST} === {newest / 1e6}")


def test_two_pages_see_the_same_update_within_half_a_second(server: Live, chrome: Chrome) -> None:
    with browser() as other:
        open_page(other, server.url)
        for step in range(20, 24):
            server.store.write([window("oven", step, 60.0)])
            for page in (chrome, other):
                wait_for(page, f"{NEWEST} === {at(step) / 1e6}")
        arrivals = [
            {
                each["sequence"]: each["received_ms"]
                for each in asked(page, "tidegauge.feed.arrivals")
                if each["type"] == "update"
            }
            for page in (chrome, other)
        ]
    shared = arrivals[0].keys() & arrivals[1].keys()
    apart_ms = [abs(arrivals[0][number] - arrivals[1][number]) for number in shared]
    assert len(shared) >= 4
    # The median: on a busy machine a page may stand still once, whatever it was sent.
    assert median(apart_ms) < MOST_APART_MS


def test_no_request_leaves_this_machine(chrome: Chrome) -> None:
    hosts = set()
    for entry in chrome.get_log("performance"):  # type: ignore[no-untyped-call]  # selenium's
        event = json.loads(entry["message"])["message"]
        params = event["params"]
        url = params.get("request", {}).get("url") or params.get("url", "")
        if event["method"] in {"Network.requestWillBeSent", "Network.webSocketCreated"}:
            parts = urlsplit(url)
            if parts.scheme not in {"chrome", "data"}:  # the browser's own first tab
                hosts.add((parts.scheme, parts.hostname))
    assert hosts == {("http", "127.0.0.1"), ("ws", "127.0.0.1")}


def test_the_overview_tells_alerts_and_counts(chrome: Chrome) -> None:
    figures = " ".join(texts(chrome, "#overview .card"))
    assert "1 critical" in figures.replace("\n", " ")
    assert "10 events" in figures
    (first, *_) = texts(chrome, "#alerts h3")
    assert first == "overheating · oven"


def test_a_moment_that_is_over_is_told_as_history(chrome: Chrome) -> None:
    (state,) = asked(
        chrome,
        "[...tidegauge.model.alerts.values()].filter((each) => each.alert === 'event_level')"
        ".map((each) => each.state)",
    )
    assert state == "ended"
    assert texts(chrome, "#alerts li[data-state=ended] time")[0].startswith("at ")


def test_every_field_has_a_chart_with_its_thresholds_and_anomalies(chrome: Chrome) -> None:
    assert texts(chrome, ".chart h3") == [
        "Mean temperature",
        "Highest temperature",
        "Mean vibration",
        "Unrest",
        "Part of the time above 80 °C",
    ]
    assert asked(chrome, "tidegauge.charts.charts[0].spans.map(({span}) => span.location)") == [
        75,
        85,
    ]
    assert len(asked(chrome, "tidegauge.charts.charts[0].marks.data.x")) == 3
    assert len(asked(chrome, "tidegauge.charts.charts[1].marks.data.x")) == 0


def test_of_many_keys_those_that_matter_most_are_shown_and_others_are_found(chrome: Chrome) -> None:
    assert "oven" in texts(chrome, ".keys button")
    assert "24 of 31" in texts(chrome, ".signal > header .quiet")[0]
    search = chrome.find_element(By.ID, "search")
    search.send_keys("PUMP-2")
    wait_for(chrome, "document.getElementById('shown').textContent === '11 of 31'")
    assert "oven" not in texts(chrome, ".keys button")
    search.clear()
    search.send_keys(" ")
    wait_for(chrome, "document.getElementById('shown').textContent === ''")


def test_a_key_in_focus_stands_out_everywhere(chrome: Chrome) -> None:
    chrome.find_element(By.CSS_SELECTOR, "#alerts h3 button").click()
    wait_for(chrome, "document.querySelector('.keys [aria-pressed=true]')?.innerText === 'oven'")
    widths = asked(
        chrome, "tidegauge.charts.charts[0].slots.map((s) => s.line.glyph.line_width.value)"
    )
    assert sorted(widths)[-2:] == [1.8, 2.6]
    chrome.find_element(By.CSS_SELECTOR, "#alerts h3 button").click()
    wait_for(chrome, "!document.querySelector('.keys [aria-pressed=true]')")


def test_pointing_at_a_chart_tells_the_values_of_that_time(chrome: Chrome) -> None:
    plot = chrome.find_element(By.CSS_SELECTOR, ".chart .plot")
    ActionChains(chrome).move_to_element(plot).move_by_offset(9, 5).perform()
    wait_for(chrome, "!document.getElementById('tip').hidden")
    assert "oven" in chrome.find_element(By.ID, "tip").text
    ActionChains(chrome).move_to_element(chrome.find_element(By.ID, "pipeline")).perform()
    wait_for(chrome, "document.getElementById('tip').hidden")


@pytest.mark.parametrize(("width", "columns"), [(1440, 2), (390, 1)])
def test_narrow_screens_have_one_column_and_never_scroll_sideways(
    chrome: Chrome, width: int, columns: int
) -> None:
    dress(chrome, "light", width, 900)
    style = "getComputedStyle(document.querySelector('.columns')).gridTemplateColumns"
    wait_for(chrome, f"{style}.split(' ').length === {columns}")
    wait_for(chrome, f"document.documentElement.scrollWidth <= {width}")


def test_it_is_dark_where_the_system_is_and_can_be_switched(chrome: Chrome) -> None:
    dress(chrome, "dark", 1440, 900)
    wait_for(chrome, "document.documentElement.dataset.theme === 'dark'")
    chrome.find_element(By.ID, "theme").click()
    wait_for(chrome, "document.documentElement.dataset.theme === 'light'")
    chrome.find_element(By.ID, "theme").click()


CONTRAST = """
(() => {
  const light = (text) => {
    const parts = text.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const seen = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  while (seen.nextNode()) {
    const node = seen.currentNode.parentElement;
    const text = seen.currentNode.data.trim();
    if (!text || node.closest("svg, script, .unseen") || !node.checkVisibility()) continue;
    const pair = [light(getComputedStyle(node).color), light(behind(node))];
    pair.sort((one, other) => other - one);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) poor.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return poor;
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_a_contrast_of_at_least_four_and_a_half(chrome: Chrome, scheme: str) -> None:
    dress(chrome, scheme, 1440, 900)
    asked(chrome, "localStorage.clear()")
    open_page(chrome, chrome.current_url)
    wait_for(chrome, f"document.documentElement.dataset.theme === '{scheme}'")
    assert asked(chrome, CONTRAST.strip()) == []


def test_the_browser_has_nothing_to_complain_of(chrome: Chrome) -> None:
    log = chrome.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
    assert [entry["message"] for entry in log if entry["level"] in {"SEVERE", "WARNING"}] == []
