import mwoauth
import oauthlib.oauth1
import requests_oauthlib

from httplib2_oauthlib import OAuth1Http

AGENT = "my-tool/1.0 (me@example.org)"


def of_requests_oauthlib(auth: requests_oauthlib.OAuth1):
    return OAuth1Http(timeout=30, oauth=auth, user_agent=AGENT)


def of_oauthlib(client: oauthlib.oauth1.Client):
    return OAuth1Http(timeout=30, oauth=client, user_agent=AGENT)


def of_mwoauth(consumer: mwoauth.ConsumerToken, token: mwoauth.AccessToken):
    oauth = (consumer, token)
    return OAuth1Http(timeout=30, oauth=oauth, user_agent=AGENT)
