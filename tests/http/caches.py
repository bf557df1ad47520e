"""A cache in memory."""


class Memory:
    """Any object with get, set and delete."""

    def __init__(self):
        self.entries = {}

    def get(self, key):
        return self.entries.get(key)

    def set(self, key, value):
        self.entries[key] = value

    def delete(self, key):
        self.entries.pop(key, None)
