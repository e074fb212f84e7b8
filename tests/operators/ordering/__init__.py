"""Tests of operators/ordering."""
