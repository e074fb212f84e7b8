"""Rules of patterns (`tidegauge.patterns.checks`), for those who run them."""

from tidegauge.patterns.checks import PatternError, check_pattern, check_quantifier, name_of

__all__ = ["PatternError", "check_pattern", "check_quantifier", "name_of"]
