"""Tests of docs: what they show is run."""
