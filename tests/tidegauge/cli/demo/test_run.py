from pathlib import Path

import pytest
from rich.console import Console

from tidegauge.cli._demo.interrupts import Interrupts
from tidegauge.cli._demo.options import Options
from tidegauge.cli._demo.processes import Child, environment
from tidegauge.cli._demo.run import Stage
from tidegauge.cli._demo.screen import Screen
from tidegauge.errors import UserMistake

WAITS = ["-c", "input()"]


@pytest.mark.parametrize(
    ("simulator", "flow", "message"),
    [
        (["-c", "exit('no broker')"], WAITS, "the simulator ended with exit code 1: no broker"),
        (WAITS, ["-c", "exit('no topic')"], "the flow ended with exit code 1: no topic"),
        (WAITS, ["-c", "print('bye')"], "the flow ended before the stream: bye"),
    ],
)
def test_a_process_that_ends_too_soon_ends_the_demo(
    simulator: list[str], flow: list[str], message: str, tmp_path: Path
) -> None:
    options = Options(20, 1, tmp_path)
    screen = Screen(Console(), options.seconds)
    variables = environment({})
    with (
        Child("simulator", simulator, variables, options.log("simulator")) as one,
        Child("flow", flow, variables, options.log("flow")) as other,
        pytest.raises(UserMistake, match=f"^{message}"),
    ):
        Stage(options, screen, Interrupts(), one, other).await_flow(4)
