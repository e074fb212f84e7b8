"""Sales of a few shops: seeded messages of every kind, and what a flow must make of them.

The truth is computed here from what each message was made to be, with pandas and plain Python and
nothing of the project's own.
"""
