"""Tests of tidegauge.expressions."""
