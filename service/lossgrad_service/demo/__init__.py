"""The demo: a real classifier of handwritten digits, trained through the service.

Every loss, gradient and accuracy comes from the service. What is left to this
package is what any training script does: read the data, cut each mini-batch into
shards, add up the shards' gradients, take the step, and show how it went.
"""
