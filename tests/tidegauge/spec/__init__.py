"""Tests of tidegauge.spec."""
