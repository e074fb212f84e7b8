"""The outside world: Kafka, InfluxDB, the embedded store."""
