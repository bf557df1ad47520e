"""Signing: a request in, a signed request out. Nothing here does I/O."""
