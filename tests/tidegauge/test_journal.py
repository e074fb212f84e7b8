from tidegauge.journal import Claim, Claims, Entry, Floor, ReadAt


def floor(run: str, at: int, topic: str = "t", partition: int = 0) -> Floor:
    return Floor("s", topic, partition, 7, at, run)


def claim(run: str, partition: int = 0) -> Claim:
    return Claim("s", "t", partition, run)


def test_floors_count_until_another_run_claims_the_partition() -> None:
    claims = Claims({"s": "t"})
    mine, late, new = floor("a", 1), floor("a", 2), floor("b", 3)
    assert claims.floors([claim("a"), mine, claim("b"), late, new]) == [mine, new]


def test_a_claim_is_about_one_partition() -> None:
    claims = Claims({"s": "t"})
    other = floor("a", 1, partition=1)
    assert claims.floors([claim("b"), other]) == [other]


def test_floors_whose_claim_is_no_longer_there_count() -> None:
    assert Claims({"s": "t"}).floors([floor("a", 1), claim("b")]) == [floor("a", 1)]


def test_entries_of_another_topic_do_not_count() -> None:
    claims = Claims({"s": "t"})
    assert claims.floors([floor("a", 1, topic="before")]) == []
    assert claims.floors([Claim("s", "before", 0, "b"), floor("a", 1)]) == [floor("a", 1)]
    assert Claims({}).floors([floor("a", 1)]) == []


def test_what_was_claimed_can_be_saved() -> None:
    claims = Claims({"s": "t"})
    claims.floors([claim("b")])
    assert Claims({"s": "t"}, claims.runs).floors([floor("a", 1)]) == []


def test_what_the_clock_said_counts_as_floors_do_and_is_no_news() -> None:
    claims = Claims({"s": "t"})
    mine, late = (ReadAt("s", "t", 0, 7, 9, at, "a") for at in (1, 2))
    entries: list[Entry] = [claim("a"), mine, claim("b"), late]
    assert [one for one in claims.counting(entries) if isinstance(one, ReadAt)] == [mine]
    assert Claims({"s": "t"}).news(entries) == []
