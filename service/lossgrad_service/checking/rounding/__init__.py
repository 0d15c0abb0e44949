"""What plain arithmetic may lose: an absolute error for each entry of each quantity.

A right gradient has entries that are small because large numbers cancelled, p_y − 1 of a
sure row and sums over rows above all. There a float32 of the caller's agrees in no digit,
and is not wrong. So the error of each step is carried to the next, entry by entry, as
numerical analysis does it by hand, to first order.
"""

from lossgrad_service.checking.arithmetic import Arithmetic
from lossgrad_service.checking.rounding.common import FEW, Rounding
from lossgrad_service.checking.rounding.hinge import HingeRounding
from lossgrad_service.checking.rounding.softmax import SoftmaxRounding
from lossgrad_service.checking.steps import Hinge, Steps

__all__ = ["FEW", "Rounding", "rounding_of"]


def rounding_of(right: Steps, arithmetic: Arithmetic) -> Rounding:
    """Return the errors of a batch computed rightly in this arithmetic."""
    kind = HingeRounding if isinstance(right, Hinge) else SoftmaxRounding
    return kind(right, arithmetic)
