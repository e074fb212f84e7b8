"""Hashes of values: the same in every process and version, evenly spread."""

import numpy as np
import numpy.typing as npt
import polars as pl
import xxhash

Hashes = npt.NDArray[np.uint64]


def hashes_of(values: pl.Series) -> Hashes:
    """64 bits for each value; none may be null. Equal numbers have equal hashes, also -0.0 and 0.0.

    Texts are hashed by XXH3; the bits of numbers are mixed as SplitMix64 does (Steele, Lea and
    Flood, "Fast splittable pseudorandom number generators", 2014).
    """
    if values.dtype == pl.String:
        digests = (xxhash.xxh3_64_intdigest(text.encode()) for text in values.to_list())
        return np.fromiter(digests, np.uint64, values.len())
    if values.dtype.is_float():
        bits = (values.to_numpy() + 0.0).view(np.uint64)
    else:
        bits = values.cast(pl.Int64).to_numpy().view(np.uint64)
    return _mixed(bits)


def _mixed(bits: Hashes) -> Hashes:
    mixed = bits + np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))
