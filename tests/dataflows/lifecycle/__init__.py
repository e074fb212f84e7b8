"""Tests of dataflows.lifecycle."""
