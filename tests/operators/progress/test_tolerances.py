from operators.progress.tolerances import Tolerances


def claimed(*claims: tuple[int, int]) -> Tolerances:
    tolerances = Tolerances()
    for claim in claims:
        tolerances.claim(*claim)
    return tolerances


def test_each_holds_from_its_offset_to_the_next() -> None:
    tolerances = claimed((0, 5), (10, 5), (20, 7), (30, 2))
    assert tolerances.within(0, 9) == [(0, 5)]
    assert tolerances.within(12, 19) == [(12, 5)]
    assert tolerances.within(12, 30) == [(12, 5), (20, 7), (30, 2)]
    assert tolerances.within(20, 29) == [(20, 7)]
    assert tolerances.within(99, 99) == [(99, 2)]


def test_the_first_holds_for_what_came_before_it() -> None:
    assert claimed((10, 5), (20, 7)).within(3, 12) == [(3, 5)]


def test_a_later_claim_makes_void_what_was_claimed_from_its_offset_on() -> None:
    assert claimed((0, 5), (20, 7), (30, 9), (20, 8)).within(0, 99) == [(0, 5), (20, 8)]
    assert claimed((0, 5), (20, 7), (0, 7)).within(0, 99) == [(0, 7)]


def test_nothing_is_known_before_any_claim() -> None:
    assert claimed().within(0, 9) == []
