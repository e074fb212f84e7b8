"""What `tidegauge demo` is made of."""
