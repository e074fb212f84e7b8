"""Tests of operators/windows/paned."""
