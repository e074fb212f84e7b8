"""Whether what is stored is what follows from the log."""
