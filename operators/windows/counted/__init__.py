"""Windows of a number of events of a key, in event-time order."""
