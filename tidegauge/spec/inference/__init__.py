"""A first pipeline file, inferred from a sample of a topic's messages."""
