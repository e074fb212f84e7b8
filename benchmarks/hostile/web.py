"""What a hostile client sends to the live page: malformed requests and WebSocket frames."""

import base64
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

TIMEOUT_S = 30.0
_HOST = b"Host: {host}\r\n"
_GET = b"GET / HTTP/1.1\r\n" + _HOST
_MOST_READ = 65_536


_LARGE = 60_000
"""An answer may be lost when the connection is closed while more is on its way."""


@dataclass(frozen=True)
class Attack:
    """Bytes that are sent after a connection, or after a feed was opened.

    Attributes:
        name: what it is.
        sent: the bytes; `{host}` stands for the server's name.
        answers: statuses, or for frames close codes, one of which must come.
    """

    name: str
    sent: bytes = field(repr=False)
    answers: frozenset[int]

    def fits(self, answer: int | None) -> bool:
        """Whether that may be the answer; None when the connection was just closed."""
        return len(self.sent) > _LARGE if answer is None else answer in self.answers


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    masked: bool = True,
    reserved: int = 0,
    length: int | None = None,
) -> bytes:
    """A WebSocket frame, which may tell another length than it has."""
    size = len(payload) if length is None else length
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, mask_bit | size)
    elif size < 2**16:
        head = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, size)
    # A mask of zeros leaves the payload as it is.
    return head + (b"\0" * 4 if masked else b"") + payload


def _request(text: bytes, *answers: int) -> tuple[bytes, frozenset[int]]:
    return text, frozenset(answers)


def _attacks(made: dict[str, tuple[bytes, frozenset[int]]]) -> tuple[Attack, ...]:
    return tuple(Attack(name, sent, answers) for name, (sent, answers) in made.items())


REQUESTS = _attacks(
    {
        "random bytes": _request(os.urandom(512).replace(b"\n", b"") + b"\r\n\r\n", 400),
        "no HTTP": _request(b"HELLO\r\n\r\n", 400),
        "HTTP of another version": _request(b"GET / HTTP/7.3\r\n\r\n", 400, 403, 505),
        "no host": _request(b"GET / HTTP/1.1\r\n\r\n", 400),
        "two hosts": _request(_GET + b"Host: other.example\r\n\r\n", 400, 403),
        "the host of another": _request(b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        "100,000 headers": _request(_GET + b"a: b\r\n" * 100_000 + b"\r\n", 431),
        "200 headers": _request(_GET + b"a: b\r\n" * 200 + b"\r\n", 431),
        "a header of 1 MB": _request(_GET + b"a: " + b"x" * 2**20 + b"\r\n\r\n", 431),
        "an address of 1 MB": _request(b"GET /" + b"x" * 2**20 + b" HTTP/1.1\r\n" + _HOST, 431),
        "an address of 12 kB": _request(
            b"GET /" + b"x" * 12_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", 414
        ),
        "a query of 12 kB": _request(
            b"GET /?" + b"x" * 12_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", 414
        ),
        "NUL in the path": _request(b"GET /page/%00 HTTP/1.1\r\n" + _HOST + b"\r\n", 400),
        "no UTF-8 in the path": _request(
            b"GET /page/%ff%fe HTTP/1.1\r\n" + _HOST + b"\r\n", 400, 404
        ),
        "a path to elsewhere": _request(
            b"GET /page/..%2f..%2fserver.py HTTP/1.1\r\n" + _HOST + b"\r\n", 404
        ),
        "a name of 4 kB": _request(
            b"GET /page/" + b"x" * 4_096 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", 404
        ),
        "a control character in a header": _request(_GET + b"a: \x01\x02\r\n\r\n", 200, 400),
        "a folded header": _request(_GET + b"a: b\r\n c\r\n\r\n", 200, 400),
        "a space before the colon": _request(_GET + b"a : b\r\n\r\n", 400),
        "a bare line feed": _request(_GET + b"a: b\n\n", 200, 400),
        "length and chunks": _request(
            b"POST / HTTP/1.1\r\n"
            + _HOST
            + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            405,
        ),
        "chunks that are none": _request(
            b"POST / HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400
        ),
        "two lengths": _request(_GET + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        "a negative length": _request(_GET + b"Content-Length: -1\r\n\r\n", 400),
        "a huge length": _request(
            _GET + b"Content-Length: " + b"9" * 1_000 + b"\r\n\r\n", 400, 413
        ),
        "an unknown encoding": _request(_GET + b"Transfer-Encoding: xchunked\r\n\r\n", 400, 501),
        "a body": _request(_GET + b"Content-Length: 2\r\n\r\nab", 413),
        "chunks": _request(_GET + b"Transfer-Encoding: chunked\r\n\r\nfffffff\r\n", 413),
        "another method": _request(b"DELETE / HTTP/1.1\r\n" + _HOST + b"\r\n", 405),
        "a proxy's request": _request(
            b"GET http://evil.example/ HTTP/1.1\r\n" + _HOST + b"\r\n", 400, 404
        ),
        "a tunnel": _request(b"CONNECT evil.example:443 HTTP/1.1\r\n" + _HOST + b"\r\n", 400, 405),
        "1,000 ranges": _request(
            b"GET /charts/bokeh.min.js HTTP/1.1\r\n"
            + _HOST
            + b"Range: bytes="
            + b",".join(b"%d-" % each for each in range(1_000))
            + b"\r\n\r\n",
            200,
            206,
            400,
            416,
        ),
        "a cookie of 12 kB": _request(_GET + b"Cookie: " + b"a=b;" * 3_000 + b"\r\n\r\n", 200, 401),
        "a feed without a key": _request(
            b"GET /feed HTTP/1.1\r\n"
            + _HOST
            + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
            400,
        ),
        "a feed of another version": _request(
            b"GET /feed HTTP/1.1\r\n"
            + _HOST
            + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            400,
            426,
        ),
        "a feed with 120 headers": _request(
            b"GET /feed HTTP/1.1\r\n"
            + _HOST
            + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
            + b"a: b\r\n" * 120
            + b"\r\n",
            431,
        ),
        "a feed with a header of 12 kB": _request(
            b"GET /feed HTTP/1.1\r\n"
            + _HOST
            + b"Upgrade: websocket\r\nConnection: Upgrade\r\na: "
            + b"b" * 12_000
            + b"\r\n\r\n",
            431,
        ),
    }
)
"""Requests, and the statuses that may answer them."""

_TEXT, _BINARY, _CONTINUED, _CLOSE, _PING = 1, 2, 0, 8, 9

FRAMES = _attacks(
    {
        "an unknown opcode": _request(frame(3, b"x"), 1002),
        "an unknown control opcode": _request(frame(11), 1002),
        "no mask": _request(frame(_TEXT, b"{}", masked=False), 1002),
        "reserved bits": _request(frame(_TEXT, b"{}", reserved=3), 1002),
        "compressed, though nothing was agreed": _request(frame(_TEXT, b"{}", reserved=4), 1002),
        "a length of 2^63": _request(frame(_TEXT, length=2**63), 1002, 1009),
        "a length of 1 GB": _request(frame(_TEXT, length=2**30), 1009),
        "200 kB": _request(frame(_TEXT, b"x" * 200_000), 1009),
        "200 kB in parts": _request(
            frame(_TEXT, b"x" * 40_000, fin=False)
            + frame(_CONTINUED, b"x" * 40_000, fin=False) * 4,
            1009,
        ),
        "a ping in parts": _request(frame(_PING, fin=False), 1002),
        "a ping of 200 bytes": _request(frame(_PING, b"x" * 200), 1002),
        "a part of nothing": _request(frame(_CONTINUED, b"x"), 1002),
        "a message within a message": _request(
            frame(_TEXT, b"x", fin=False) + frame(_TEXT, b"x"), 1002
        ),
        "no UTF-8": _request(frame(_TEXT, b"\xff\xfe"), 1007),
        "half a character": _request(
            frame(_TEXT, b"\xe2\x82", fin=False) + frame(_CONTINUED, b"\x28"), 1007
        ),
        "a close of one byte": _request(frame(_CLOSE, b"x"), 1002),
        "a close with a code that may not be sent": _request(frame(_CLOSE, b"\x03\xed"), 1002),
        "a close that is no UTF-8": _request(frame(_CLOSE, b"\x03\xe8\xff\xff"), 1002, 1007),
        "100,000 empty parts": _request(
            frame(_TEXT, fin=False) + frame(_CONTINUED, fin=False) * 100_000, 1008
        ),
        "100,000 pings": _request(frame(_PING, b"x") * 100_000, 1008),
        "100,000 messages": _request(frame(_TEXT, b"{}") * 100_000, 1008),
        "random bytes": _request(b"\xf7" + os.urandom(256), 1002),
    }
)
"""Frames, and the codes of which one must close the feed."""


def connected(url: str) -> socket.socket:
    """A connection on which nothing was sent yet."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    return socket.create_connection((parts.hostname, parts.port), TIMEOUT_S)


def _send(connection: socket.socket, url: str, sent: bytes) -> None:
    host = urlsplit(url).netloc.encode()
    with suppress(OSError):  # It may be refused before all was sent.
        connection.sendall(sent.replace(b"{host}", host))


def answer(url: str, attack: Attack) -> int | None:
    """Send a request; the status of the answer, or None when the connection was just closed."""
    with connected(url) as connection:
        _send(connection, url, attack.sent)
        line = _read(connection, b"\r\n")
    parts = line.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else None


@contextmanager
def opened(url: str, token: str = "", receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """A feed that was opened by hand, of which only the answer to the opening was read."""
    parts = urlsplit(url)
    key = base64.b64encode(os.urandom(16)).decode()
    login = f"Authorization: Bearer {token}\r\n" if token else ""
    with connected(url) as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.sendall(
            f"GET /feed HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n{login}"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            part = connection.recv(1)
            if not part:
                raise ConnectionError(f"the feed was not opened: {head!r}")
            head += part
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            raise ConnectionError(f"the feed was not opened: {head!r}")
        yield connection


def close_code(url: str, attack: Attack, token: str = "") -> int | None:
    """Open a feed and send frames; the code it is closed with, or None when it was just closed."""
    with opened(url, token) as connection:
        _send(connection, url, attack.sent)
        return closed(connection)


def closed(connection: socket.socket) -> int | None:
    """Read frames until one closes the feed; its code, or None when the connection just ended."""
    try:
        while True:
            first, size = _exactly(connection, 2)
            if size == 126:
                (size,) = struct.unpack("!H", _exactly(connection, 2))
            elif size == 127:
                (size,) = struct.unpack("!Q", _exactly(connection, 8))
            payload = _exactly(connection, size)
            if first & 0x0F == _CLOSE:
                code: int = struct.unpack("!H", payload[:2])[0]
                return code
    except ConnectionError:
        return None


def _exactly(connection: socket.socket, size: int) -> bytes:
    held = b""
    while len(held) < size:
        part = connection.recv(min(_MOST_READ, size - len(held)))
        if not part:
            raise ConnectionError("closed")
        held += part
    return held


def _read(connection: socket.socket, end: bytes) -> bytes:
    held = b""
    while end not in held and len(held) < _MOST_READ:
        try:
            part = connection.recv(_MOST_READ)
        except ConnectionError:
            break
        if not part:
            break
        held += part
    return held.split(end, 1)[0]
