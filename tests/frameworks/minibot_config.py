"""The configuration of minibot, in the form that its users write."""

# By host: a user and a password for Basic authentication, or the four values of OAuth.
authenticate = {}
