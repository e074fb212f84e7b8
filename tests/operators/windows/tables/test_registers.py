import numpy as np
import pytest

from operators.windows.tables.registers import EXACT, REGISTERS, Distinct, Registers
from tests.operators.windows.tables.frames import BY, events, finished, of_values, scalar

TEXTS, WHOLE, FLOATS = (Distinct(Registers(scalar(name))) for name in "six")


def test_few_values_are_counted_exactly() -> None:
    texts = [f"user-{number}" for number in range(EXACT)]
    assert finished(TEXTS, of_values("s", texts[:700] * 2), of_values("s", texts[300:])) == {
        "a": EXACT
    }


def test_equal_numbers_are_one_value_whatever_their_bits() -> None:
    assert finished(FLOATS, of_values("x", [0.0, -0.0, 1.5, float("nan"), None, 1.5])) == {"a": 2}
    assert finished(WHOLE, of_values("i", [0, -1, 1, -(2**63), 2**63 - 1, -1])) == {"a": 5}


@pytest.mark.parametrize("number", [EXACT + 1, 2_000, 5_000, 20_000, 100_000])
def test_many_values_are_estimated_within_a_few_standard_errors(number: int) -> None:
    """Whole numbers in a row and texts are as good as random ones."""
    standard_error = 1.04 / np.sqrt(REGISTERS)
    for value, column, values in (
        (WHOLE, "i", list(range(number))),
        (TEXTS, "s", [f"s{n}" for n in range(number)]),
    ):
        found = finished(value, of_values(column, values))["a"]
        assert found == pytest.approx(number, rel=4 * standard_error)


def test_the_error_has_the_stated_size_and_no_bias() -> None:
    """Fifty sets of 20,000 values; the bounds are four deviations of what is estimated."""
    errors = []
    for seed in range(50):
        values = np.random.default_rng(seed).integers(0, 2**63, 20_000).tolist()
        errors.append(finished(WHOLE, of_values("i", values))["a"] / 20_000 - 1)
    assert np.std(errors) == pytest.approx(1.04 / np.sqrt(REGISTERS), rel=0.4)
    assert abs(np.mean(errors)) < 4 * 1.04 / np.sqrt(REGISTERS * 50)


def test_the_state_of_a_key_is_bounded() -> None:
    rows = Registers(scalar("i")).collect(of_values("i", list(range(50_000))), BY)
    assert rows.height <= REGISTERS


def test_keys_are_counted_apart() -> None:
    many = [{"k": "many", "i": number} for number in range(3_000)]
    few = [{"k": "few", "i": number % 3} for number in range(10)]
    found = finished(WHOLE, events(many[:1_500] + few), events(many[1_000:]))
    assert found == {"few": 3, "many": pytest.approx(3_000, rel=0.06)}


def test_the_hashes_are_those_of_any_other_run_and_version() -> None:
    """A saved state must go on counting with them."""
    rows = Registers(scalar("s")).collect(of_values("s", ["a", "é"]), BY)
    assert sorted(rows["_item"]) == [-1817709641818812897, -606849052844159821]
    rows = Registers(scalar("i")).collect(of_values("i", [0, 1]), BY)
    assert sorted(rows["_item"]) == [-7995527694508729151, -2152535657050944081]
