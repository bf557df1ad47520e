import google_auth_httplib2

from httplib2_oauthlib import OAuth1Http


def authorized(credentials, oauth):
    ours = OAuth1Http(timeout=30, oauth=oauth)
    return google_auth_httplib2.AuthorizedHttp(credentials, http=ours)
