"""Which deviations are of interest: on which side, and from which size on."""

from typing import Literal

Direction = Literal["both", "up", "down"]


def check_of_interest(direction: str, min_deviation: float) -> None:
    """Refuse what says of no deviation whether it is of interest.

    Raises:
        ValueError: the direction is none, or the smallest deviation is below 0.
    """
    if direction not in ("both", "up", "down"):
        raise ValueError(f"direction is {direction!r}: it must be both, up or down")
    if not min_deviation >= 0:
        raise ValueError(f"min_deviation is {min_deviation}: it must not be negative")
