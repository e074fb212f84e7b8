"""What the flow says of itself."""
