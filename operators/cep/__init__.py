"""Complex event processing: patterns of events within a key, found in event-time order."""
