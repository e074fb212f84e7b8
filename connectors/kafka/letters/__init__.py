"""Dead letters read back: found, looked at, sent again, marked as handled."""
