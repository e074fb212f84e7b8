"""Messages from and records to memory: for `tidegauge test`, and for tests of flows."""
