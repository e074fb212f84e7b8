"""The accuracy ledger: what became of every message, by ranges of offsets."""
