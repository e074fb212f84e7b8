"""Tables that events are enriched from: read whole at the start, then followed."""
