"""Tests of operators/detectors."""
