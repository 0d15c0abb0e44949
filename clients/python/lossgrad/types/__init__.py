"""The types that carry a call: the problem, its options, the result, the server's info."""

from lossgrad.types.arrays import Array
from lossgrad.types.check import Check, CheckRequest
from lossgrad.types.info import InfoRequest, Limits, ServerInfo
from lossgrad.types.options import Options
from lossgrad.types.problem import Problem, ProblemArguments
from lossgrad.types.result import Result

__all__ = [
    "Array",
    "Check",
    "CheckRequest",
    "InfoRequest",
    "Limits",
    "Options",
    "Problem",
    "ProblemArguments",
    "Result",
    "ServerInfo",
]
