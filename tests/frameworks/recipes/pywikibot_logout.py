from pywikibot import config
from pywikibot.comms import http


def log_out(host):
    # Pywikibot adds the four values again for each request.
    config.authenticate.pop(host, None)
    for thread in http.threads:
        thread.http.oauth = None
