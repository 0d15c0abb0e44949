"""The JSON documents of the service as pydantic models, from which OpenAPI is made."""

from lossgrad_service.http_api.schemas.answer import ComputeAnswer
from lossgrad_service.http_api.schemas.check import CheckAnswer, CheckRequest, OwnGradients
from lossgrad_service.http_api.schemas.info import Info
from lossgrad_service.http_api.schemas.problem import Problem
from lossgrad_service.http_api.schemas.request import ComputeRequest
from lossgrad_service.http_api.schemas.state import State

__all__ = [
    "CheckAnswer",
    "CheckRequest",
    "ComputeAnswer",
    "ComputeRequest",
    "Info",
    "OwnGradients",
    "Problem",
    "State",
]
