"""Type checking of dashboards against the types that Grafana publishes."""
