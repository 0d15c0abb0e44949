"""Every quantity as a textbook computes it, one step at a time.

Not how lossgrad computes: this is what its callers write, with the max shifted and in
float64. A mistake is a class that does one of these steps otherwise, so that all steps
behind it go wrong as they would in the caller's code.
"""

from lossgrad_service.checking.batch import Batch
from lossgrad_service.checking.steps.common import Steps, log_softmax, times
from lossgrad_service.checking.steps.hinge import Hinge
from lossgrad_service.checking.steps.softmax import Softmax

__all__ = ["Hinge", "Softmax", "Steps", "log_softmax", "steps_of", "times"]


def steps_of(batch: Batch) -> type[Steps]:
    """Return the steps of a batch's loss."""
    return Hinge if batch.options.loss == "hinge" else Softmax
