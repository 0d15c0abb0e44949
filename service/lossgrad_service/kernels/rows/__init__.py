"""The losses: one row at a time, one formula a function."""
