"""Tumbling and sliding windows: on panes that the windows share."""
