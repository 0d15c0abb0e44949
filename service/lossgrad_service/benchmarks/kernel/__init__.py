"""What the kernels cost, beside a copy of the same bytes and beside other libraries."""
