"""Who may read: everybody, or whoever shows the token.

A program sends it with each request (`Authorization: Bearer`). A browser sends it once, from the
login page, and gets a cookie that proves it for a week. The cookie is a time and its keyed hash, so
nothing has to be remembered, and a restart of the server ends no session.
"""

import hashlib
import hmac
import html
import time
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.live.gate import LOGIN, MOST_BODY

COOKIE = "tidegauge_live_{}"
"""A browser sends a cookie to all ports of a host, so its name has the port."""
SESSION_S = 7 * 86_400
_PURPOSE = b"tidegauge live session until "
_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>Tidegauge: log in</title>
  <style>
    body {{ font: 16px system-ui, sans-serif; display: grid; place-content: center;
      min-height: 100vh; margin: 0; }}
    form {{ display: grid; gap: .75rem; width: 20rem; }}
    input, button {{ font: inherit; padding: .5rem; }}
  </style>
</head>
<body>
  <form method="post" action="/login">
    <h1>Tidegauge</h1>
    <label for="token">Token of this page (TIDEGAUGE_LIVE_TOKEN)</label>
    <input id="token" name="token" type="password" autocomplete="current-password" required
      autofocus>
    <button>Log in</button>
    <p role="alert">{said}</p>
  </form>
</body>
</html>
"""
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class Access:
    """Answers 401 to whoever does not show the token; without a token everybody may read.

    Args:
        app: what is protected.
        token: the token; empty for none.
        clock_s: wall clock in seconds.
    """

    def __init__(self, app: ASGIApp, token: str, clock_s: Callable[[], float] = time.time) -> None:
        self._app = app
        self._token = token.encode()
        self._clock_s = clock_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed."""
        if not self._token or scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == LOGIN:
            answer = await self._login(Request(scope, receive))
            await answer(scope, receive, send)
        elif self._may_read(HTTPConnection(scope)):
            await self._app(scope, receive, send)
        else:
            await _unknown(scope)(scope, receive, send)

    def _may_read(self, request: HTTPConnection) -> bool:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._is_token(token.strip())
        return self._is_session(request.cookies.get(_cookie(request), ""))

    def _is_token(self, text: str) -> bool:
        # Of hashes, so that the time does not tell the length either.
        shown = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        return hmac.compare_digest(shown, hashlib.sha256(self._token).digest())

    def _is_session(self, text: str) -> bool:
        until, _, proof = text.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < 12):
            return False
        shown = proof.encode("utf-8", "replace")
        proven = hmac.compare_digest(shown, self._proof(until).encode())
        return proven and int(until) > self._clock_s()

    def _proof(self, until: str) -> str:
        return hmac.new(self._token, _PURPOSE + until.encode(), "sha256").hexdigest()

    async def _login(self, request: Request) -> Response:
        if request.method != "POST":
            return _login_page(200, "")
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BODY:
                return _login_page(413, "That is too long.")
        try:
            (shown,) = parse_qs(body.decode(), max_num_fields=5)["token"]
        except (ValueError, KeyError):
            return _login_page(400, "No token was sent.")
        if not self._is_token(shown.strip()):
            return _login_page(401, "That is not the token.")
        until = str(int(self._clock_s()) + SESSION_S)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            _cookie(request),
            f"{until}.{self._proof(until)}",
            max_age=SESSION_S,
            # Known only where a proxy before this server speaks TLS.
            secure=request.headers.get("origin", "").startswith("https:"),
            httponly=True,
            samesite="strict",
        )
        return answer


def _cookie(request: HTTPConnection) -> str:
    server = request.scope["server"]
    return COOKIE.format(server[1] if server else "")


def _unknown(scope: Scope) -> Response:
    if scope["type"] == "http" and scope["path"] == "/":
        return _login_page(401, "")
    text = "this page needs its token: log in, or send Authorization: Bearer TOKEN\n"
    return PlainTextResponse(text, 401, {"WWW-Authenticate": "Bearer"})


def _login_page(status: int, said: str) -> Response:
    # Without a referrer a browser would tell no origin when it sends the form.
    headers = {"Content-Security-Policy": _POLICY, "Referrer-Policy": "same-origin"}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return HTMLResponse(_PAGE.format(said=html.escape(said)), status, headers)
