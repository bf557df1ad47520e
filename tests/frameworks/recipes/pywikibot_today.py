from pywikibot import config

from httplib2_oauthlib import OAuth1Http, cassettes
from httplib2_oauthlib.credentials import from_pywikibot


def recording(folder, record_mode="none"):
    """Replay what Pywikibot sends, or record it with record_mode="once"."""
    recorder = cassettes.recorder(folder, record_mode=record_mode)
    return recorder.use_cassette("pywikibot")


def http_beside_pywikibot():
    """Sign requests of your own with Pywikibot's credentials."""
    agent = "my-bot/1.0 (me@example.org)"
    oauth = from_pywikibot(config.authenticate)
    return OAuth1Http(timeout=30, oauth=oauth, user_agent=agent)
