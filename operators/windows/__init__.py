"""Event-time windows on panes: pre-aggregated, merged by key group, closed by the watermark."""
