"""InfluxQL of panels and rules, one module for each kind of record."""
