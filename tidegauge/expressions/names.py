"""Names that do not exist, and what was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches

from tidegauge.expressions.compiled import ExpressionError


class UnknownName(ExpressionError):  # noqa: N818 - named by what it is
    """A name that does not exist; the message gives the nearest right one, and all there are."""

    def __init__(self, what: str, name: str, allowed: Collection[str]) -> None:
        super().__init__(unknown(what, name, allowed))
        self.what = what
        self.name = name


def unknown(what: str, name: str, allowed: Collection[str]) -> str:
    """Message about a name that does not exist."""
    meant = nearest(name, allowed)
    hint = f" (did you mean {meant}?)" if meant else ""
    return f"unknown {what} {name!r}{hint}; allowed: {', '.join(sorted(allowed)) or 'none'}"


def nearest(name: str, allowed: Collection[str]) -> str | None:
    """The allowed name most like this one; None when none is like it."""
    by_lower = {key.lower(): key for key in allowed}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else None
