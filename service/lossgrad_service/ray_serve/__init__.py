"""The service as an application of Ray Serve, whose proxies take its calls.

`application` alone needs Ray: ``pip install "lossgrad[service,ray]"``.
"""
