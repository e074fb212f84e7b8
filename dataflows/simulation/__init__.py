"""A shop floor that never was: machines, what goes wrong with them, and what goes wrong on the way.

All of it is a function of a seed. Times are nanoseconds since the start of the stream, in event
time; only `pace` knows how they lie on the wall clock.
"""
