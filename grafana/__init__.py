"""Dashboards and alert rules, made from the signals."""
