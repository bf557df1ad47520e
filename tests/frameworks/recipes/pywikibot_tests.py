from contextlib import contextmanager

from pywikibot import config
from pywikibot.comms import http, threadedhttp

from httplib2_oauthlib import OAuth1Mixin, cassettes


class SignedHttp(OAuth1Mixin, threadedhttp.Http):
    pass


@contextmanager
def cassette(path, oauth, record_mode="none"):
    """Replay what a test sends, or record it with record_mode="once"."""
    before = [thread.http for thread in http.threads]
    retries = config.max_retries, config.retry_wait
    # A test fails at once, instead of after 25 retries.
    config.max_retries, config.retry_wait = 0, 0
    try:
        recorder = cassettes.recorder(record_mode=record_mode)
        with recorder.use_cassette(path) as opened:
            # No connection goes from one side to the other.
            pool = threadedhttp.ConnectionPool()
            for thread in http.threads:
                thread.http = SignedHttp(connection_pool=pool, oauth=oauth)
            yield opened
    finally:
        config.max_retries, config.retry_wait = retries
        for thread, given in zip(http.threads, before, strict=True):
            thread.http = given
