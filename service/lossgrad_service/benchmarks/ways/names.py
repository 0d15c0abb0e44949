"""What ways are called in tables, and in what depends on them."""

from typing import Final

MEMCPY: Final = "memcpy, in and out"
TCP_ECHO: Final = "TCP echo"
UNARY_ECHO: Final = "gRPC unary echo"
STREAM_ECHOES: Final = {"gRPC stream echo, 1 MiB": 2**20, "gRPC stream echo, 4 MiB": 2**22}
"""And the size of their messages."""
NUMPY: Final = "NumPy, no server"
PYTORCH: Final = "PyTorch, no server"
GRPCIO: Final = "tutorial grpcio"
FASTAPI: Final = "tutorial FastAPI, lists"
FASTAPI_BY_ORJSON: Final = "tutorial FastAPI, orjson"
"""The same server, and a caller who writes and reads lists by orjson as ours does."""
LOCAL: Final = "lossgrad, no server"
UNARY: Final = "lossgrad gRPC, unary"
STREAM: Final = "lossgrad gRPC, stream"
UNIX: Final = "lossgrad Unix socket"
SHARED: Final = "lossgrad shared memory"
IN_PLACE: Final = "lossgrad in place"
"""The same with arrays that lie in shared memory already."""
BASE64: Final = "lossgrad HTTP, base64"
LISTS: Final = "lossgrad HTTP, lists"
