from httplib2_oauthlib import OAuth1Http


def signed(client_class, url, oauth):
    """Make a client that gen_client has generated, over ours."""
    http = OAuth1Http(timeout=30, oauth=oauth)
    return client_class(url, http=http, get_credentials=False)
