"""Tests of operators/progress."""
