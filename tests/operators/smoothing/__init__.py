"""Tests of operators/smoothing."""
