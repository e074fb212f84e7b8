"""Tests of dataflows.checks."""
