"""Tests of dataflows.simulation."""
