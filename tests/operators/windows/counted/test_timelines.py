"""Windows of a number of events, drawn as timelines (see `timelines`)."""

from tests.operators.windows.timelines import check


def test_events_are_counted_in_the_order_of_their_times() -> None:
    check(
        """
                  a1    a4    a2    a5    a9    |
        1..4      +     +     +           =3
        """,
        count={"size": 3},
        bound=3,
    )


def test_a_window_is_given_out_when_the_watermark_has_passed_its_last_event() -> None:
    check(
        """
                  a1    a3    b2    b3    b4    |
        1..2      +           +     =2
        3..3            +           +           =2
        """,
        count={"size": 2},
    )


def test_sliding_by_one() -> None:
    check(
        """
                  a1    a3    a6    a7    |
        1..3      +     +     =2
        3..6            +     +     =2
        6..7                  +     +     =2
        """,
        count={"size": 2, "every": 1},
    )


def test_what_is_not_complete_is_never_given_out() -> None:
    check(
        """
                  a1    a2    a3    |
        1..2      +     +     =2
        """,
        count={"size": 2},
    )


def test_each_key_is_counted_by_itself() -> None:
    check(
        """
                  a1k   a2m   a3k   a4m   a9k   |
        k:1..3    +           +     =2
        m:2..4          +           +     =2
        """,
        count={"size": 2},
        by=["k"],
    )


def test_corrections_are_not_counted() -> None:
    check(
        """
                  a1    a9    a4    a10   |
        1..9      +     +           =2
        """,
        count={"size": 2},
        lateness=10,
    )
