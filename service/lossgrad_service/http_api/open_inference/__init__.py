"""``/v2``: the Open Inference Protocol over REST, with tensors in JSON or as bytes."""
