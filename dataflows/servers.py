"""Sources and sinks of a pipeline on real servers, checked before the first event is read."""
