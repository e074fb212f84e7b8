"""The recovery directory, looked at from outside: nothing in it is run."""
