"""``lossgrad doctor``: what is wrong between a client and its service, and what to do about it.

One examination a function, each of which tells what it finds; `examination` has their order.
"""
