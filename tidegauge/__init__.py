"""The shared vocabulary of Tidegauge: batches, records, signals, errors, settings and the pipeline file."""
