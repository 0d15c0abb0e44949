"""One batch over 1, 2 and 4 servers of this machine."""
