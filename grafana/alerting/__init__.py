"""Alert rules over the flow's alert state, and who is told."""
