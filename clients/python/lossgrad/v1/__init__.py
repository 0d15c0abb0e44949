"""Generated from protos/lossgrad/v1; see `make proto`."""
