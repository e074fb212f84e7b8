"""Tests of operators/alerts."""
