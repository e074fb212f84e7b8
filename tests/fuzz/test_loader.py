"""Pipeline files: every text is a pipeline that can be wired, or its mistakes by line."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import examples
from tidegauge.catalogue import catalogue_of
from tidegauge.spec.checks.files import is_there
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.mistakes import Mistakes

FOLDER = Path(__file__).resolve().parents[2] / "pipelines"
FILES = [path.read_text() for path in sorted(FOLDER.glob("*.yaml"))]
_BITS = (
    """{ } [ ] : & *a - ? | > null true 1e999 -1 10y '' ${X} ${ ' " # é 🎈 {{x}} count(*) <<:*a"""
)
_LONG = [
    "!!python/object:os.system x",
    "%YAML 9",
    "\t",
    "\x00",
    "\u2028",
    "9" * 400,
    "a" * 300,
    "- ",
]
_JUNK = st.sampled_from([*_BITS.split(), *_LONG]) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good file with a few lines taken out, doubled, moved inwards, or with junk in them."""
    lines = draw(st.sampled_from(FILES)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.integers(0, 5)):
            case 0 if len(lines) > 1:
                del lines[at]
            case 1:
                lines.insert(at, lines[draw(st.integers(0, len(lines) - 1))])
            case 2:
                lines[at] = "  " + lines[at]
            case 3:
                key, colon, _ = lines[at].partition(":")
                lines[at] = f"{key}{colon} {draw(_JUNK)}"
            case _:
                column = draw(st.integers(0, len(lines[at])))
                lines[at] = lines[at][:column] + draw(_JUNK) + lines[at][column:]
    return "\n".join(lines)


def test_a_file_whose_name_is_too_long_is_not_there() -> None:
    """Found by the fuzzer."""
    assert not is_there(FOLDER / ("a" * 300))


@settings(max_examples=examples(120))
@given(mutated() | st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_a_file_is_a_pipeline_or_has_mistakes_by_line(text: str) -> None:
    try:
        pipeline = parse_pipeline(text, "f.yaml", FOLDER, {"X": "value"})
    except Mistakes as mistakes:
        told = str(mistakes).split("\n")
    else:
        told = []
    assert all(line.startswith("f.yaml:") for line in told)
    assert told or catalogue_of(pipeline).pipeline
