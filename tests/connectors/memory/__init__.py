"""Tests of connectors/memory."""
