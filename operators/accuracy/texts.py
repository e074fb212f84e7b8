"""Texts that say the same, though a number in them was rounded the other way.

Numbers in texts are rounded to six significant digits. Of a value that lies between two of these
the last digits of its sum decide, and they differ with how it was split.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain

_NUMBER = re.compile(r"((?:(?<![\w.])[-+])?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3}(?!\d))?)", re.ASCII)
_DIGITS = 6
"""Significant digits of numbers in texts."""
_WHOLE = 18
"""Digits of whole numbers that can be rounded values at all."""
_NONE = Decimal("1e-9")
"""What is as good as 0."""


def same_text(one: str, other: str, values: Sequence[float]) -> bool:
    """Whether texts are equal but for numbers that were rounded the other way.

    A number with a point or an exponent in either of the texts may differ by one unit of its sixth
    significant digit, or by 1e-9. Whole numbers are equal, unless one of the record's own values
    lies in the middle between them.

    Args:
        one: a text.
        other: the other one.
        values: the numbers that the record has beside it.
    """
    if one == other:
        return True
    parts, others = _NUMBER.split(one), _NUMBER.split(other)
    if parts[::2] != others[::2]:
        return False
    pairs = zip(parts[1::2], others[1::2], strict=True)
    return all(_same_number(*pair, values) for pair in pairs)


def _same_number(one: str, other: str, values: Sequence[float]) -> bool:
    if one == other:
        return True
    if one.lstrip("+-").isdigit() and other.lstrip("+-").isdigit():
        if max(len(one), len(other)) > _WHOLE:
            return False
        return abs(int(one) - int(other)) == 1 and _between(int(one) + int(other), values)
    number, another = Decimal(one), Decimal(other)
    unit = Decimal(1).scaleb(max(_exponent(number), _exponent(another)) + 1 - _DIGITS)
    return abs(number - another) <= max(unit, _NONE)


def _exponent(number: Decimal) -> int:
    return number.adjusted() if number else -_DIGITS


def _between(twice: int, values: Sequence[float]) -> bool:
    """Whether a value is half of a whole number, but for its last digits."""
    middles = chain.from_iterable((2 * value, -2 * value) for value in values)
    return any(abs(middle - twice) <= 1e-9 * abs(twice) for middle in middles)
