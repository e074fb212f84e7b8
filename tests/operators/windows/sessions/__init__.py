"""Tests of operators/windows/sessions."""
