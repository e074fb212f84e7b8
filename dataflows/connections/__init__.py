"""The flow's sources, sinks, journal and tables on real servers, checked before it starts."""
