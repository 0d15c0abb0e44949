"""Numbers: exponentials, wider types, halves, the sum of a row."""
