import mwoauth
import oauthlib.oauth1
import requests_oauthlib

from httplib2_oauthlib import OAuth1Http


def of_requests_oauthlib(key, secret, token, token_secret):
    return OAuth1Http(timeout=30, oauth=requests_oauthlib.OAuth1(key, secret, token, token_secret))


def of_oauthlib(key, secret, token, token_secret):
    return OAuth1Http(timeout=30, oauth=oauthlib.oauth1.Client(key, secret, token, token_secret))


def of_mwoauth(handshaker: mwoauth.Handshaker, access_token: mwoauth.AccessToken):
    return OAuth1Http(timeout=30, oauth=(handshaker.consumer_token, access_token))
