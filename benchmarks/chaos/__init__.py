"""Proof of delivery: a flow that is killed again and again writes what an undisturbed one does."""
