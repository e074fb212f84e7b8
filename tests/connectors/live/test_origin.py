"""Who may talk to the feed: however malformed a header is, the answer is a refusal."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from connectors.live.origin import SameHost

OWN = b"127.0.0.1:8787"
Headers = Sequence[tuple[bytes, bytes]]


def status(headers: Headers, kind: str = "http") -> tuple[int, bytes]:
    """Status and text of the answer to a request with these headers."""
    answers: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        answers.append(message)

    scope: Scope = {
        "type": kind,
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": list(headers),
        "extensions": {"websocket.http.response": {}},
    }
    app = SameHost(PlainTextResponse("hello"), ["live.example"])
    asyncio.run(app(scope, receive, send))
    begun = next(one for one in answers if one["type"].endswith("response.start"))
    return begun["status"], b"".join(one.get("body", b"") for one in answers)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"host", OWN)],
        [(b"host", OWN), (b"origin", b"http://" + OWN)],
        [(b"host", b"LIVE.example"), (b"origin", b"https://live.example")],
        [(b"host", b"[::1]:8787"), (b"origin", b"http://[::1]:8787")],
        [(b"host", b"localhost")],
    ],
)
def test_our_own_page_is_answered(headers: Headers) -> None:
    assert status(headers) == (200, b"hello")


MALFORMED = [
    *(b"http://[", b"http://[::1", b"http://]", b"http://[x]:1", b"http://a:b", b"http://a:99999"),
    *(b"http://" + OWN + end for end in (b"/path", b"?q", b"#f", b"@evil", b"\x00", b" ", b"\xa0")),
    *(b"http://u:p@" + OWN, b"//" + OWN, b"file://" + OWN, b"null", b"", b"http://", b"\xff\xfe"),
    *(b"http://\xe2\x84\x80.example", b"http://" + b"a" * 70_000, b"\x1b[31m", b"http:" + OWN),
    "http://127.0.0.１:8787".encode(),
]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("origin", MALFORMED)
def test_a_malformed_origin_is_refused(origin: bytes, kind: str) -> None:
    code, text = status([(b"host", OWN), (b"origin", origin)], kind)
    assert code == 403
    assert text.startswith(b"Origin ")
    assert text.decode().rstrip("\n").isprintable()
    assert len(text) < 200


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "host",
    [
        *(b"", b"[", b"[::1", b"127.0.0.1:x", b"127.0.0.1:99999", b"evil.example", b"@127.0.0.1"),
        *(b"evil@127.0.0.1", b"127.0.0.1/x", b"127.0.0.1?x", b"127.0.0.1 ", b"\xff", b"a" * 70_000),
    ],
)
def test_a_malformed_host_is_refused(host: bytes, kind: str) -> None:
    code, text = status([(b"host", host)], kind)
    assert code == 403
    assert text.decode().rstrip("\n").isprintable()
    assert len(text) < 200


def test_of_two_hosts_or_origins_none_counts() -> None:
    for name, value in ((b"host", OWN), (b"origin", b"http://" + OWN)):
        headers = [(b"host", OWN), (b"origin", b"http://" + OWN), (name, value)]
        assert status(headers) == (403, b"there is more than one Host or Origin\n")
    assert status([])[0] == 403
