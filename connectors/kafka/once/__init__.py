"""Output that `read_committed` readers see exactly once, whatever was killed and started again."""
