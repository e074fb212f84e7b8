"""Tests of tidegauge.spec.inference."""
