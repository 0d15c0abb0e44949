"""The lossgrad service."""
