"""What calls cost, measured side by side in one run."""
