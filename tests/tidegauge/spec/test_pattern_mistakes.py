"""Each kind of mistake in the patterns of a file, and what is said of it."""

import pytest

from tests.tidegauge.spec.test_mistakes import GOOD, mistakes

PATTERNS = """\
patterns:
  testing:
    from: payments
    by: [card]
    match: "small{3,} large"
    define:
      small: amount < 2
      large: amount > AVG(small.amount)
    measures: {tried: COUNT(small)}
    within: 5m
    timeouts: true
alerts:
  tested: {when: match(testing), where: tried > 3}
"""
FILE = GOOD.replace("alerts:\n", PATTERNS, 1)

CASES = [
    (
        "from: payments\n    by",
        "from: pay\n    by",
        "27: patterns.testing.from: unknown source 'pay'",
    ),
    ("[card]\n    match", "[cart]\n    match", "28: patterns.testing.by[0]: unknown column 'cart'"),
    (
        "small{3,} large",
        "small{3,",
        "29: patterns.testing.match: 'small{3,', at its end: expected '}'",
    ),
    ("amount < 2", "amout < 2", "31: patterns.testing.define.small: unknown column 'amout'"),
    (
        "amount < 2",
        "amount + 2",
        "31: patterns.testing.define.small: this is a float, not a condition",
    ),
    ("AVG(small.", "AVG(tiny.", "32: patterns.testing.define.large: unknown step 'tiny'"),
    (
        "      small: amount",
        "      tiny: amount",
        "31: patterns.testing.define.tiny: define has tiny",
    ),
    (
        "COUNT(small)",
        '"MAX(small.amount, 3)"',
        "33: patterns.testing.measures.tried: MAX(small.amount, 3): MAX takes one argument",
    ),
    (
        "COUNT(small)",
        '"ABS(COUNT(small), 3)"',
        "33: patterns.testing.measures.tried: cannot be read",
    ),
    (
        "COUNT(small)",
        '"round(avg(small.amount), 2, 1)"',
        "33: patterns.testing.measures.tried: round(avg(small.amount), 2, 1): this form of it",
    ),
    (
        "AVG(small.amount)",
        "LAST(LAST(small.amount))",
        (
            "32: patterns.testing.define.large: LAST(LAST(small.amount)): LAST cannot stand within"
            " LAST, which takes columns of one step; for another event of a step write"
            " FIRST(small.amount, 1), the one after the first or LAST(small.amount, 1), the one"
            " before the last"
        ),
    ),
    (
        "AVG(small.amount)",
        "LAST(FIRST(small.amount), 1)",
        (
            "32: patterns.testing.define.large: LAST(FIRST(small.amount), 1): FIRST cannot"
            " stand within LAST, which"
        ),
    ),
    (
        "AVG(small.amount)",
        "SUM(COUNT(small))",
        (
            "32: patterns.testing.define.large: SUM(COUNT(small)): COUNT cannot stand"
            " within SUM, which takes columns of one step"
        ),
    ),
    (
        "AVG(small.amount)",
        "PREV(LAST(small.amount))",
        (
            "32: patterns.testing.define.large: PREV(LAST(small.amount)): PREV is not"
            " available; for another event of a step write FIRST(small.amount, 1)"
        ),
    ),
    (
        "AVG(small.amount)",
        "NEXT(amount)",
        "32: patterns.testing.define.large: NEXT(amount): NEXT is not available; for another event",
    ),
    (
        "AVG(small.amount)",
        "LAST(small.amount, 1.5)",
        "32: patterns.testing.define.large: LAST(small.amount, 1.5): the second argument is",
    ),
    ("COUNT(small)", "COUNT(tiny)", "33: patterns.testing.measures.tried: unknown step 'tiny'"),
    ("tried: COUNT", "events: COUNT", "33: patterns.testing.measures.events: events is a column"),
    ("within: 5m", "after_match: SKIP TO FIRST x", "34: patterns.testing.after_match: skip to 'x'"),
    ("    within: 5m\n", "", "34: patterns.testing.timeouts: nothing times out without a window"),
    ("  testing:", "  spend:", "26: patterns.spend: a window is called spend too"),
    ("match(testing)", "match(testin)", "37: alerts.tested.when: unknown pattern 'testin'"),
    ("match(testing)", "timeout(testing, 1)", "37: alerts.tested.when: timeout(…) takes the name"),
    ("match(testing)", "testing.tried > 1", "37: alerts.tested.when: testing is a pattern"),
    ("where: tried > 3", "for: 5s", "37: alerts.tested.for: a match does not last"),
    ("where: tried > 3", "clear: match(testing)", "37: alerts.tested.clear: a match is over"),
]


def test_the_good_file_has_none() -> None:
    assert mistakes(FILE) == []


@pytest.mark.parametrize(("old", "new", "mistake"), CASES)
def test_is_told_with_line_and_key_and_what_is_allowed(old: str, new: str, mistake: str) -> None:
    assert old in FILE
    found = mistakes(FILE.replace(old, new, 1))
    assert [one for one in found if one.startswith(mistake)], found
