"""Client of lossgrad."""
