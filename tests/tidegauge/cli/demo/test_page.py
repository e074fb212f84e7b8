"""The live page of a demo is told of once, and its failure is no failure of the demo."""

import os
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tidegauge.cli._demo.options import Options
from tidegauge.cli._demo.page import LivePage, live_page
from tidegauge.cli._demo.processes import Child
from tidegauge.cli._demo.report import live_command
from tidegauge.cli._demo.screen import Screen

STARTS = "import time; print('Live page: http://127.0.0.1:5/ (Ctrl-C)', flush=True); time.sleep(60)"
FAILS = "import sys; print('no room'); sys.exit(2)"
TIMEOUT_S = 60.0


@pytest.fixture
def said() -> StringIO:
    return StringIO()


@pytest.fixture
def screen(said: StringIO) -> Screen:
    return Screen(Console(file=said, width=400), 20)


def wait_until(done: Callable[[], object], look: Callable[[], None]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not done():
        assert time.monotonic() < deadline
        look()


@pytest.mark.parametrize(
    ("program", "told"),
    [
        (STARTS, "Live page: http://127.0.0.1:5/\n"),
        (FAILS, "No live page: the live page ended with exit code 2: no room"),
    ],
)
def test_it_tells_once_where_the_page_is_or_why_there_is_none(
    said: StringIO, screen: Screen, tmp_path: Path, program: str, told: str
) -> None:
    with Child("live page", ["-c", program], os.environ, tmp_path / "live.log") as server:
        page = LivePage(server, screen)
        wait_until(said.getvalue, page.look)
        for _ in range(3):
            page.look()
    assert said.getvalue().startswith(told)
    assert said.getvalue().count("page:") == 1


def test_a_demo_without_a_live_page_starts_no_server(screen: Screen, tmp_path: Path) -> None:
    with live_page(Options(20, 1, tmp_path), screen, os.environ) as page:
        assert page is None
    assert list(tmp_path.iterdir()) == []


def test_a_demo_with_one_serves_its_store(said: StringIO, screen: Screen, tmp_path: Path) -> None:
    options = Options(20, 1, tmp_path, live=True)
    store = {**os.environ, "TIDEGAUGE_STORE": str(options.store)}
    with live_page(options, screen, store) as page:
        assert page is not None
        wait_until(said.getvalue, page.look)
    assert said.getvalue().startswith("Live page: http://127.0.0.1:")


def test_the_command_that_shows_it_again_quotes_the_store() -> None:
    assert live_command(Path("a b/store.sqlite3")).endswith("--store 'a b/store.sqlite3'")
