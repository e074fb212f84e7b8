"""Session windows: from a first event to a gap without any, merged when corrections bridge them."""
