"""What the process is made of: settings, threads, logging, and what it tells of itself."""
