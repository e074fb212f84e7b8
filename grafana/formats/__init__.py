"""The files that Grafana provisions, as strict models: their keys, and what each may hold.

Grafana drops a key that it does not know without a word, so these know all that are used here.
"""
