"""Sessions, drawn as timelines (see `timelines`)."""

from typing import Any

from tests.operators.windows import timelines


def check(drawing: str, **given: Any) -> None:
    timelines.check(drawing, session={"gap": "10s"}, **given)


def test_a_session_ends_a_gap_after_its_last_event_and_holds_none_at_its_end() -> None:
    check(
        """
                  a1    a4    a13   a23   a33   |
        1..23     +     +     +     =3
        23..33                      +     =1
        33..43                            +     =1
        """
    )


def test_an_event_out_of_order_joins_two_sessions_before_either_is_given_out() -> None:
    check(
        """
                  a1    a12   a5    a30   |
        1..22     +     +     +     =3
        30..40                      +     =1
        """,
        bound=8,
    )


def test_a_correction_within_a_session_corrects_it() -> None:
    check(
        """
                  a1    a5    a30   a3    a60   |
        1..15     +     +     =2    c     ~3
        30..40                +           =1
        60..70                            +     =1
        """,
        lateness=30,
    )


def test_a_correction_far_from_all_is_a_session_of_its_own() -> None:
    check(
        """
                  a1    a50   a25   a70   |
        1..11     +     =1
        25..35                c     ~1
        50..60          +           =1
        70..80                      +     =1
        """,
        lateness=30,
    )


def test_sessions_that_a_correction_bridges_are_withdrawn_for_their_union() -> None:
    check(
        """
                  a1    a12   a30   a6    a60   |
        1..11     +     =1                x1
        12..22          +     =1          x1
        1..22     +     +           c     ~3
        30..40                +           =1
        60..70                            +     =1
        """,
        lateness=30,
    )


def test_the_union_ends_with_the_session_that_is_still_open() -> None:
    check(
        """
                  a1    a14   a6    a20   a31   a70   |
        1..11     +     =1                      x1
        14..30          +           +     =2    x2
        1..30     +     +     c     +           ~4
        31..41                            +     =1
        70..80                                  +     =1
        """,
        lateness=30,
    )


def test_a_session_that_begins_earlier_by_a_correction_is_another_one() -> None:
    check(
        """
                  a5    a40   a1    a80   |
        5..15     +     =1          x1
        1..15     +           c     ~2
        40..50          +           =1
        80..90                      +     =1
        """,
        lateness=60,
    )


def test_each_key_has_sessions_of_its_own() -> None:
    check(
        """
                    a1k   a5m   a10k  a20m  |
        k:1..20     +           +     =2
        m:5..15           +           =1
        m:20..30                      +     =1
        """,
        by=["k"],
    )


def test_the_slowest_partition_keeps_a_session_open() -> None:
    check(
        """
                  a1    b2    a30   b9    b25   |
        1..19     +     +           +     =3
        25..40                +           +     =2
        """
    )
