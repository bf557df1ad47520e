"""Refusals: recognize a server's refusal of OAuth, and advise what to do about it."""
