from oauth2client.transport import wrap_http_for_auth

from httplib2_oauthlib import OAuth1Http


def authorized(credentials, oauth):
    http = OAuth1Http(timeout=30, oauth=oauth)
    # What credentials.authorize(http) does: it replaces http.request.
    wrap_http_for_auth(credentials, http)
    return http
