"""Between columns and what is stored or sent: decoders of messages, encoders of records."""
