"""Finding out what is wrong with a gradient: comparison, verification, diagnosis."""

from lossgrad_service.checking.check import check
from lossgrad_service.checking.size import MAX_ENTRIES, charged_bytes

__all__ = ["MAX_ENTRIES", "charged_bytes", "check"]
