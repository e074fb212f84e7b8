"""Tests of operators/health."""
