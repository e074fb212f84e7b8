"""Tests of connectors/kafka/once."""
