"""Kafka: the source, the sink and what both share."""
