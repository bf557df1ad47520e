from httplib2_oauthlib import OAuth1Http


def signed(client_class, url, oauth):
    """Make a client that apitools' gen_client has generated, signed by us in place of Google's credentials."""
    return client_class(url, http=OAuth1Http(timeout=30, oauth=oauth), get_credentials=False)
