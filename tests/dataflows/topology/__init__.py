"""Tests of dataflows.topology."""
