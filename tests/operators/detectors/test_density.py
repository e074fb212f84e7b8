"""The density of one stream is that of many, also when its weights are made small again."""

import numpy as np

from operators.detectors.density import HEAVY, Density
from operators.detectors.loop_density import Stream


def test_weights_that_have_grown_are_made_small_again_and_nothing_changes() -> None:
    density = Density(1)
    arrays = {
        name: np.full((1, *memory.shape), memory.empty) for name, memory in density.memory().items()
    }
    arrays["weight"][:] = HEAVY / 1.02
    state = {f"density.{name}": held[0].tolist() for name, held in arrays.items()}
    stream, slots = Stream(state, 0), np.array([0])
    lightened = False
    for residual in np.random.default_rng(5).normal(0, 2, 300):
        row = np.array([[residual]])
        shares = stream.share(float(residual)), float(density.share(arrays, slots, row)[0, 0])
        assert np.isclose(*shares, rtol=1e-9)
        stream.learn(float(residual))
        density.learn(arrays, slots, row)
        assert np.isclose(stream.weight, arrays["weight"][0, 0])
        lightened |= stream.weight < 2.0
    assert lightened
    np.testing.assert_allclose(stream.mass, arrays["mass"][0, 0], rtol=1e-9)
    assert shares[0] > 0.001
