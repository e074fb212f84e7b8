"""Errors, split by what the one who catches them should do."""


class TidegaugeError(Exception):
    """Base of every error the project raises on purpose."""


class UserMistake(TidegaugeError):  # noqa: N818 - named by what it is, not by "Error"
    """Something a person can put right: a file, a setting, an absent server.

    The message is one line: where, what is wrong, what is allowed, what to do.
    Commands print it without a traceback and exit with 2.
    """


class Retry(TidegaugeError):  # noqa: N818 - named by the action
    """The same call may succeed later: a server is away or answered with a passing fault."""


class Throttle(TidegaugeError):  # noqa: N818 - named by the action
    """The server asked for a pause of `after_s` seconds before the same call is made again."""

    def __init__(self, message: str, after_s: float) -> None:
        super().__init__(message)
        self.after_s = after_s


class Reject(TidegaugeError):  # noqa: N818 - named by the action
    """This input can never succeed; it becomes a dead letter with `reason`, the rest goes on."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Stop(TidegaugeError):  # noqa: N818 - named by the action
    """Going on would lose or falsify data; the flow ends with this message."""
