"""Tests of tidegauge.cli._demo."""
