"""Tests of operators/intake."""
