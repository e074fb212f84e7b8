"""Tests of operators/windows."""
