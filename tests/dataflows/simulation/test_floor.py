import numpy as np

from dataflows.simulation.floor import MACHINES, TICK_NS, Floor
from tidegauge.spec.models import SECOND_NS

TICKS = range(0, 600 * SECOND_NS, TICK_NS)


def test_a_seed_gives_the_same_readings_again() -> None:
    one, other = (Floor(np.random.default_rng(3)) for _ in range(2))
    for tick_ns in TICKS[:100]:
        assert np.array_equal(one.read(tick_ns).vibration, other.read(tick_ns).vibration)


def test_healthy_machines_stay_far_from_what_alerts_ask_for() -> None:
    floor = Floor(np.random.default_rng(4))
    readings = [floor.read(tick_ns) for tick_ns in TICKS]
    temperature = np.array([reading.temperature for reading in readings])
    vibration = np.array([reading.vibration for reading in readings])
    assert temperature.shape == (len(TICKS), len(MACHINES))
    assert temperature.min() > 50
    assert temperature.max() < 70
    assert vibration.min() >= 0
    assert vibration.max() < 4


def test_every_machine_stops_now_and_then_to_be_fed_and_stands_still_meanwhile() -> None:
    floor = Floor(np.random.default_rng(5))
    readings = [floor.read(tick_ns) for tick_ns in TICKS]
    running = np.array([reading.running for reading in readings])
    vibration = np.array([reading.vibration for reading in readings])
    assert ((running.mean(axis=0) > 0.9) & (running.mean(axis=0) < 1)).all()
    assert vibration[~running].max() < vibration[running].min()
