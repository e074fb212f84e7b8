"""The algorithms, one folder a concept, each with one thin adapter to the engine."""
