"""Tests of dataflows.connections."""
