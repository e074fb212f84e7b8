"""What saved state was made for, and what becomes of it when a pipeline changes."""
