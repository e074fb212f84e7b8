"""Key groups: the few fat keys that the engine sees, and the hash that deals rows to them."""
