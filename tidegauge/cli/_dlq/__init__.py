"""What the commands of `tidegauge dlq` share."""
