"""The shared vocabulary: batches, records, signals, errors, settings and the pipeline file."""
