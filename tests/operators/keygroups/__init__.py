"""Tests of operators/keygroups."""
