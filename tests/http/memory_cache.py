"""A cache for httplib2 in memory."""


class MemoryCache:
    """A cache with the three methods that httplib2 calls: get, set and delete."""

    def __init__(self):
        self.entries = {}

    def get(self, key):
        return self.entries.get(key)

    def set(self, key, value):
        self.entries[key] = value

    def delete(self, key):
        self.entries.pop(key, None)
