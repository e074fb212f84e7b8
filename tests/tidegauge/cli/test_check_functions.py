"""`tidegauge check` finds the functions of `process` without running their modules."""

from pathlib import Path

import pytest

from tests.tidegauge.cli.test_main import run
from tests.tidegauge.spec.test_mistakes import GOOD

HOOKS = """
import functools
from os.path import *
from json import loads as parse
LIMIT = 3
LATER: int
def clean(rows):
    "Leaves them alone."
    return rows
class Cleaner:
    def within(self):
        return 1
if True:
    other = functools.partial(clean)
def begin():
    global made
    made = clean
raise SystemExit("this module was run")
"""


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "star_hooks.py").write_text(HOOKS)
    plain = HOOKS.replace("from os.path import *\n", "")
    (tmp_path / "plain_hooks.py").write_text(plain)
    (tmp_path / "bad_hooks.py").write_text("x = 1\ndef f(:\n")
    package = tmp_path / "hook_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit(1)\n")
    (package / "inner.py").write_text(plain)
    (tmp_path / "hook_space").mkdir()
    (tmp_path / "hook_space" / "inner.py").write_text(plain)


def check(folder: Path, reference: str, *options: str) -> list[str]:
    file = folder / "f.yaml"
    file.write_text(GOOD.replace("filter: status <> 'test'", f"process: {reference}"))
    return ["check", *options, str(file)]


@pytest.mark.parametrize(
    "reference",
    [
        *("plain_hooks:clean", "plain_hooks:Cleaner", "plain_hooks:other", "plain_hooks:made"),
        *("plain_hooks:parse", "plain_hooks:functools", "star_hooks:clean"),
        *("hook_package.inner:clean", "hook_space.inner:clean", "json:loads"),
    ],
)
def test_a_function_that_is_there_is_found(
    reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(*check(tmp_path, reference), capsys=capsys)
    assert (code, err) == (0, "")
    assert "warning" not in out


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("no_such_module:clean", "there is no module no_such_module on the Python path"),
        ("hook_package.none:f", "there is no module hook_package.none on the Python path"),
        ("plain_hooks.none:f", "there is no module plain_hooks.none on the Python path"),
        ("plain_hooks:clear", "module plain_hooks has no function clear"),
        ("plain_hooks:within", "module plain_hooks has no function within"),
        ("plain_hooks:LATER", "module plain_hooks has no function LATER"),
        ("plain_hooks:LIMIT", "LIMIT of module plain_hooks is no function"),
        ("json:__name__", "module json has no function __name__"),
        ("json:nothing", "module json has no function nothing"),
        ("hook_package.inner:none", "module hook_package.inner has no function none"),
        ("hook_space:f", "module hook_space has no function f"),
        ("bad_hooks:f", "module bad_hooks cannot be imported: invalid syntax in line 2"),
    ],
)
def test_one_that_is_not_is_a_mistake(
    reference: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(*check(tmp_path, reference), capsys=capsys)
    assert (code, err) == (1, "")
    allowed = "allowed is module:function on the Python path"
    place = f"{tmp_path / 'f.yaml'}:13: sources.payments.process"
    assert out == f"{place}: {reference}: {told}; {allowed}\n"


@pytest.mark.parametrize("reference", ["star_hooks:join", "math:sqrt", "sys:exit"])
def test_where_only_an_import_tells_it_is_said(
    reference: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(*check(tmp_path, reference), capsys=capsys)
    assert code == 0
    place = f"{tmp_path / 'f.yaml'}:13: sources.payments.process"
    told = f"{reference} was not imported; tidegauge check --import tries it"
    assert out.splitlines()[0] == f"warning: {place}: {told}"


def test_functions_are_imported_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(*check(tmp_path, "math:sqrt", "--import"), capsys=capsys)
    assert code == 0
    assert "warning" not in out
    code, out, err = run(*check(tmp_path, "math:none", "--import"), capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith(f"{tmp_path / 'f.yaml'}: sources.payments.process: math:none: ")
    assert err.count("\n") == 1
