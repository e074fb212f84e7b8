"""The token of the live page: for programs, for browsers, and never in the log."""

import http.client
from collections.abc import Iterator
from http.client import HTTPMessage
from urllib.parse import urlencode, urlsplit

import pytest
from selenium.webdriver.common.by import By
from websockets.exceptions import InvalidStatus

from tests.connectors.live.browser import browser, wait_for
from tests.connectors.live.records import at, window
from tests.connectors.live.servers import TIMEOUT_S, Live, live, message

TOKEN = "a-token-of-the-tests-0123456789"  # noqa: S105 - of this test only
PATHS = ("/", "/feed.schema.json", "/page/main.js", "/charts/bokeh.min.js", "/nothing")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    environment = {"TIDEGAUGE_LIVE_TOKEN": TOKEN}
    with live(tmp_path_factory.mktemp("token"), environment=environment) as running:
        running.store.write([window("oven", 1, 70.0)])
        yield running
        assert running.log == ""


Answer = tuple[int, HTTPMessage, str]


def asked(
    server: Live, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT_S)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    return response.status, response.headers, response.read().decode(errors="replace")


def log_in(server: Live, token: str, **headers: str) -> Answer:
    headers |= {"Content-Type": "application/x-www-form-urlencoded"}
    return asked(server, "/login", "POST", urlencode({"token": token}), **headers)


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_answered(server: Live, path: str) -> None:
    status, headers, _ = asked(server, path)
    assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    "wrong",
    ["Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "é", TOKEN],
)
def test_a_wrong_token_opens_nothing(server: Live, wrong: str) -> None:
    assert asked(server, "/", Authorization=wrong)[0] == 401
    with (
        pytest.raises(InvalidStatus, match="401"),
        server.connect(additional_headers={"Authorization": wrong}),
    ):
        pass


def test_a_program_sends_the_token_with_each_request(server: Live) -> None:
    bearer = {"Authorization": f"bearer {TOKEN}"}
    assert [asked(server, path, **bearer)[0] for path in PATHS] == [200, 200, 200, 200, 404]
    with server.connect(additional_headers=bearer) as client:
        assert message(client)["type"] == "initial_state"
    with pytest.raises(InvalidStatus, match="401"), server.connect():
        pass


def test_a_login_gives_a_cookie_that_does_not_hold_the_token(server: Live) -> None:
    status, headers, _ = log_in(server, TOKEN)
    assert (status, headers["Location"]) == (303, "/")
    cookie = headers["Set-Cookie"]
    assert TOKEN not in cookie
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    shown = cookie.split(";")[0]
    assert asked(server, "/", Cookie=shown)[0] == 200
    assert asked(server, "/", Cookie=f"other=[x]; {shown}; more")[0] == 200
    with server.connect(additional_headers={"Cookie": shown}) as client:
        assert message(client)["type"] == "initial_state"


@pytest.mark.parametrize(
    "spoiled",
    [
        "{name}=1{until}.{proof}",
        "{name}={until}.x{proof}",
        "{name}={until}",
        "{name}=.{proof}",
        "{name}=" + "9" * 5_000 + ".{proof}",
        "{name}=\xb2\xb2.{proof}",
        "x{name}={until}.{proof}",
    ],
)
def test_a_cookie_that_was_not_given_opens_nothing(server: Live, spoiled: str) -> None:
    name, value = log_in(server, TOKEN)[1]["Set-Cookie"].split(";")[0].split("=")
    until, proof = value.split(".")
    cookie = spoiled.format(name=name, until=until, proof=proof)
    assert asked(server, "/", Cookie=cookie)[0] == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("token=", 400),
        ("token=a&token=b", 400),
        ("&".join("a=b" for _ in range(50)), 400),
        ("token=" + "x" * 3_000, 401),
        ("token=" + "x" * 9_000, 413),
        ("token=%ff%fe", 401),
    ],
)
def test_a_wrong_login_is_told(server: Live, body: str, status: int) -> None:
    found, headers, text = asked(server, "/login", "POST", body)
    assert (found, headers.get("Set-Cookie")) == (status, None)
    if "x" in body:
        assert body.removeprefix("token=") not in text


def test_a_page_of_another_site_cannot_log_in(server: Live) -> None:
    assert log_in(server, TOKEN, Origin="https://elsewhere.example")[0] == 403


def test_behind_tls_the_cookie_is_secure(server: Live) -> None:
    origin = f"https://{urlsplit(server.url).netloc}"
    assert "Secure" in log_in(server, TOKEN, Origin=origin)[1]["Set-Cookie"]


def test_a_browser_logs_in_once_and_is_asked_again_when_the_session_is_over(server: Live) -> None:
    with browser() as chrome:
        chrome.get(server.url)
        field = chrome.find_element(By.ID, "token")
        field.send_keys("not the token at all")
        field.submit()
        wait_for(chrome, "document.querySelector('[role=alert]')?.innerText.includes('not the')")
        field = chrome.find_element(By.ID, "token")
        field.send_keys(TOKEN)
        field.submit()
        wait_for(chrome, "window.tidegauge?.newestPlotted() === " + str(at(1) / 1e6))
        assert chrome.current_url == server.url
        chrome.refresh()
        wait_for(chrome, "document.documentElement.dataset.ready")
        chrome.delete_all_cookies()
        chrome.execute_script("tidegauge.feed.socket.close()")
        wait_for(chrome, "document.getElementById('token')")
