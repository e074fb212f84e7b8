"""Values of a category that hardly ever come."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline
from operators.detectors.contract import Floats, Memory, Slots, Times
from operators.detectors.rarity import RarityDetector

KEPT = 64
"""Categories that a series remembers."""
HORIZON = 4_000.0
"""Points after which a category's count has faded to a third."""
PRIOR = 0.05


class Categories(Baseline):
    """Minus the decimal logarithm of the share that the category has had.

        share = (faded count of the category + 0.05) / (faded count of all + 1)

    Counts are those of the 64 categories that came most; a new one takes the place of the rarest
    and begins with nothing.

    State: 128 floats. Source: A. Metwally, D. Agrawal and A. El Abbadi, "Efficient computation of
    frequent and top-k elements in data streams" (2005), for what is kept.
    """

    name = "categories"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """The categories kept and their counts."""
        return {
            "code": Memory((KEPT,), np.float64, np.nan),
            "count": Memory((KEPT,), np.float64, 0.0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`; what is expected is the category that came most."""
        counts, codes = arrays["count"][slots], arrays["code"][slots]
        own = np.where(codes == x[:, None], counts, 0.0).sum(axis=1)
        total = counts.sum(axis=1)
        share = np.minimum((own + PRIOR) / (total + 1.0), 1.0)
        expected = np.take_along_axis(codes, counts.argmax(axis=1)[:, None], axis=1)
        return np.where(total > 0.0, -np.log10(share), np.nan)[:, None], expected

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        codes, counts = arrays["code"][slots], arrays["count"][slots] * (1.0 - 1.0 / HORIZON)
        known = codes == x[:, None]
        place = np.where(known.any(axis=1), known.argmax(axis=1), counts.argmin(axis=1))
        rows = np.arange(slots.size)
        counts[rows, place] = np.where(known.any(axis=1), counts[rows, place], 0.0) + 1.0
        codes[rows, place] = x
        arrays["code"][slots], arrays["count"][slots] = codes, counts


class RareCategory(RarityDetector):
    """Rarity of a category among those that its series has shown.

    Points are numbers that stand for categories, such as the first 52 bits of a hash of the text:
    only whether they are equal counts. A series whose categories are new all the time soon finds
    that usual. `expected` is the commonest category; band and direction mean nothing. Settings:
    `RarityConfig`, with `direction` both and no `min_deviation`. State: 240 floats a series.

    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> points = rng.choice([200.0, 304.0, 404.0], p=[0.9, 0.08, 0.02], size=3_000)
    >>> points[2_500] = 500.0
    >>> detector = RareCategory(RarityConfig())
    >>> detector.grow(1)
    >>> times = np.arange(points.size) * 600 * 10**9
    >>> verdicts = detector.judge(np.zeros(points.size, int), points, times)
    >>> np.flatnonzero(verdicts.anomalous)[-1:].tolist(), float(verdicts.expected[2_500])
    ([2500], 200.0)

    Source: that of `Categories`.
    """

    name = "rare_category"
    version = 1
    baselines = (Categories(),)
