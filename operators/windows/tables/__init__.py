"""What aggregates keep that does not merge number by number: histograms, registers, values."""
