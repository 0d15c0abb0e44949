"""Memory that a client shares with a server on the same machine.

An `Arena` makes arrays in sealed anonymous files, whose descriptors are handed to the
server over the side socket of its Unix socket. Calls then say where their arrays lie in
place of sending them. Linux only; elsewhere, and where a server does not take part, there
is no arena, or no handle, and calls travel as they do otherwise.
"""

from lossgrad.shared_memory.arena import Arena, open_arena
from lossgrad.shared_memory.lanes import Lane, Lanes
from lossgrad.shared_memory.whole import Whole, wholes_of
from lossgrad.shared_memory.window import Slot, Window

__all__ = ["Arena", "Lane", "Lanes", "Slot", "Whole", "Window", "open_arena", "wholes_of"]
