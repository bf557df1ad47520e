class FatalServerError(Exception):
    """An error that waiting doesn't repair. The only one that the API layer doesn't repeat a request after."""


class Server504Error(Exception):
    """The server answered 504."""


class NoUsername(Exception):
    """The wiki's user isn't the expected one."""
