"""Who calls, and how much each caller may: keys, quotas, TLS, and which address needs them.

`Keyring` and `OpenDoor` are the two doors: one lets in callers that show a key of the keys
file, the other everybody. `Quotas` counts what each caller uses. The modules that read
files and settings load neither gRPC nor the client, so that a supervising process can check
them before it starts anything.
"""
