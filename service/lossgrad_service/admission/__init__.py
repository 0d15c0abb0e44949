"""What is let in, and how much of it at a time: one gate for every endpoint.

An adapter lets each call `Gate.enter` before it looks at anything else of it, and gets a
`Visit`, by which it takes bytes of the `Room` before it reads them, and gives them back at
the end. `Slots` are what computations take turns on. All of it belongs to one event loop, so
that nothing in it needs a lock. Nothing here knows a wire format.
"""

from lossgrad_service.admission.budget import Budget
from lossgrad_service.admission.gate import Gate
from lossgrad_service.admission.room import Room
from lossgrad_service.admission.slots import Slots, Turn
from lossgrad_service.admission.visit import Visit

__all__ = ["Budget", "Gate", "Room", "Slots", "Turn", "Visit"]
