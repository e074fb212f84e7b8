"""How many different keys a stream has, estimated from a sample of it."""

import polars as pl


def estimate_distinct(keys: pl.DataFrame, sampled: int, available: int) -> int:
    """About how many different rows all of a stream has, not fewer than the sample shows.

    By the bias-corrected estimator of Chao, "Nonparametric estimation of the number of classes in a
    population" (1984): keys seen once and twice tell how many were not seen at all. It is a lower
    bound where keys are of very different frequency. There cannot be more than one a message.

    Args:
        keys: key columns of sampled events.
        sampled: messages that were looked at.
        available: messages that the stream holds.
    """
    if not keys.height or not keys.width:
        return min(keys.height, 1)
    counts = keys.group_by(keys.columns).len()["len"]
    seen = counts.len()
    if sampled >= available:
        return seen
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    unseen = once * (once - 1) / (2 * (twice + 1))
    most = round(keys.height / max(sampled, 1) * available)
    return max(seen, min(round(seen + unseen), most))
