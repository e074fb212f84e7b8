"""Patterns as text (`tidegauge.patterns.row_pattern`), for those who run them."""

from tidegauge.patterns.row_pattern import parse_rows, parse_skip

__all__ = ["parse_rows", "parse_skip"]
