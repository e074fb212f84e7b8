"""Tests of tidegauge.cli."""
