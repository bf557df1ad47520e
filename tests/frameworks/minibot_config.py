"""The configuration of minibot, as its users write it."""

# By host: a user and a password for Basic authentication, or the four values of OAuth.
authenticate = {}
