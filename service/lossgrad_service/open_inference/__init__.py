"""The Open Inference Protocol, version 2, on values: what KServe's and Triton's clients speak.

::

    splitting ─→ contents ─┐
    rest ──────────────────┴→ sent ─→ asking ─→ answering
    models, describing, messages

Both ports carry it: `grpc_api` its protobuf messages, `http_api` its JSON with binary tensors.
What either has read is a `sent.Request`; from there on there is one way to a problem, and one
from its result to the outputs of a model. Nothing here knows a port.
"""
