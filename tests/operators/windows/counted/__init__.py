"""Tests of operators/windows/counted."""
