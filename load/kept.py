"""What the run of this process has shown so far: the one thing that its listeners share."""

from load.recorder import Recorder
from load.timeline import Timeline

RECORDER = Recorder()
TIMELINE = Timeline()
