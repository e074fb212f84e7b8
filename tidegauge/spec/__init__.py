"""The pipeline file: its models, how it is read, and everything that can be wrong with it."""
