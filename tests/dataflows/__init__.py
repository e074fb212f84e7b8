"""Tests of dataflows."""
