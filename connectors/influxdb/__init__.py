"""InfluxDB: line protocol, what the server must have, the sink."""
