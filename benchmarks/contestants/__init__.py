"""Who takes part in the benchmarks: each run in a process of its own, with a clock of its own."""
