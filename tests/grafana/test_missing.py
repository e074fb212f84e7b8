"""What is shown where there is nothing: never 0, never 1970, never green."""

import re

from tests.grafana.browser.display import Display
from tests.grafana.browser.pictures import boards, pictures
from tests.grafana.rendering import panels
from tests.grafana.written import AT_MS, ODD_KEYS, PATTERN, S_MS, Written, written
from tests.services.influxdb import InfluxDB


def test_where_nothing_was_written_no_panel_shows_a_number_or_a_colour(
    influxdb: InfluxDB, shows: Display
) -> None:
    seen = 0
    for dashboard in boards(written(influxdb, patterns=PATTERN)):
        assert not any(dashboard.values(name) for name in dashboard.variables if name != "pipeline")
        kinds = {panel["type"] for panel in panels(dashboard.board)}
        for panel, picture in pictures(shows, dashboard, *kinds):
            assert picture.frames == [], panel["title"]
            for single in picture.singles:
                assert not re.search(r"\d", single.text), (panel["title"], single)
                if panel["type"] == "stat":
                    assert single.text in {"none yet", "unknown"}, panel["title"]
                    assert single.color == "rgb(204, 204, 220)", panel["title"]
            seen += 1
    assert seen > 25


def test_a_flow_that_found_nothing_is_told_from_no_flow(influxdb: InfluxDB, shows: Display) -> None:
    one = written(influxdb)
    one.beat()
    counts = {"Alerts firing", "Anomalies in range", "Dead letters in range"}
    seen = set()
    for dashboard in boards(one):
        for panel, picture in pictures(shows, dashboard, "stat"):
            if panel["title"] in counts:
                assert [single.text for single in picture.singles] == ["0"], panel["title"]
                seen.add(panel["title"])
    assert seen == counts


def test_a_field_that_a_record_lacks_is_shown_as_missing(
    influxdb: InfluxDB, shows: Display
) -> None:
    """Not as 0, and a time that is not known not as 1970."""
    one = written(influxdb)
    one.beat()  # without a watermark, as before the first event
    alert = {"active": 1, "state": "firing", "summary": "x"}
    one.write("alerts", alert, {"alert": "event_level", "level": "9"}, AT_MS - S_MS)
    own, flow = boards(one)
    wrong = {panel["title"]: picture for panel, picture in pictures(shows, own, "table")}
    (frame,) = wrong["What is wrong now"].frames
    assert (frame["Since"].texts, frame["Value"].texts) == (["-"], ["-"])
    partitions = {panel["title"]: picture for panel, picture in pictures(shows, flow, "table")}
    (frame,) = partitions["Partitions now"].frames
    assert (frame["watermark"].texts, frame["filtered"].texts) == (["-"], ["-"])
    (watermark,) = (p for p in panels(flow.board) if p["title"] == "Watermark now")
    (single,) = shows.show(watermark, list(flow.answers(watermark))).singles
    assert single.text == "none yet"


def test_the_state_of_the_windows_is_as_old_as_its_newest_record(
    odd: Written, shows: Display
) -> None:
    dashboard = odd.asking("flow")
    panel = next(p for p in panels(dashboard.board) if p["title"] == "State of the windows now")
    (frame,) = shows.show(panel, list(dashboard.answers(panel))).frames
    assert next(iter(frame)) == "window"
    assert "group" not in frame
    assert frame["window"].texts == ["sales"]
    assert frame["keys"].values == [len(ODD_KEYS)]
    assert frame["written"].values == [AT_MS]
