"""What a step of PyTorch's costs where its loss is computed by the service."""
