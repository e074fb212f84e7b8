"""Dashboards and alert rules, made from the signals."""

import warnings

with warnings.catch_warnings():
    # The SDK prefers a newer format of dashboards, which files cannot provision.
    warnings.simplefilter("ignore", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard  # noqa: F401 - its warning comes at the import
