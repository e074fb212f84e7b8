"""Dashboards and alert rules, made from the signals."""

import warnings

with warnings.catch_warnings():
    # The SDK prefers a newer format of dashboards, which files cannot provision.
    warnings.simplefilter("ignore", DeprecationWarning)
    # These names are not used here: the warning comes when they are imported first.
    from grafana_foundation_sdk.builders import dashboard, timeseries  # noqa: F401
