"""Events in event-time order: sorted up to the watermark, for what judges them one by one."""
