"""The configuration, in the form that users write."""

# By host: a user and a password for Basic authentication, or the four values of OAuth.
authenticate = {}

max_retries = 25
retry_wait = 5
socket_timeout = 10
# Queries over http are sent by POST, unless this is True.
enable_GET_without_SSL = False  # noqa: N816 (Pywikibot's name)
maximum_GET_length = 255  # noqa: N816
