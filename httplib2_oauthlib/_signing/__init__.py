"""Signing: a request goes in, and a signed request comes out. No module here does I/O."""
