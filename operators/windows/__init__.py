"""Event-time windows on panes: pre-aggregated per batch, merged per key group, closed by the watermark."""
