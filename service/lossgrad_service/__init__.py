"""The lossgrad service: what an operator runs.

::

    cli, demo ─→ server (composition) ─→ grpc_api, http_api ─→ calls ─→ core ─→ kernels
                                     │             └──→ open_inference ─┘
                                     └─→ runtime

Importing this package alone needs the standard library only, so that the command
line can say what is missing from a base install.
"""
