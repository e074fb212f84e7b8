"""The flow over what is known already, held against what it should give; nothing is stored."""
