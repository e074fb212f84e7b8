"""The pipeline that reads what the simulator sends."""

from pathlib import Path

MACHINES_PIPELINE = Path(__file__).parents[3] / "pipelines" / "machines.yaml"
