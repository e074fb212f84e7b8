"""Tests of operators/windows/cumulative."""
