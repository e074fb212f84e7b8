"""From messages to event batches: decode, event time, lateness, filter, derive, process.

Everything here is a function of one partition's log: the same messages give the same events,
corrections and dead letters whatever the batch size.
"""
