"""A topic with poison in it beside the same one without."""
