"""How a process of the flow is told to run, starts, drains and fails."""
