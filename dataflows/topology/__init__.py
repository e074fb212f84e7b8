"""The graph of the flow: which step reads which, with no server in it."""
