"""The API layer, which repeats a request after every exception except FatalServerError."""

import json
import time
from urllib.parse import urlencode

from .. import config
from ..comms import http
from ..exceptions import FatalServerError

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class APIError(RuntimeError):
    """An error of the wiki's API."""


class TimeoutError(Exception):  # noqa: A001 (Pywikibot's name)
    """All retries were made without success."""


class Request:
    """A request to the API. It waits and repeats until there is an answer, or no retry is left."""

    def __init__(self, api_uri, **parameters):
        self.api_uri = api_uri
        self.parameters = parameters
        self.max_retries = config.max_retries
        self.retry_wait = config.retry_wait

    def submit(self):
        form = urlencode({**self.parameters, "format": "json", "formatversion": "2"})
        may_get = config.enable_GET_without_SSL or self.api_uri.startswith("https:")
        uses_get = may_get and self.parameters["action"] == "query" and len(form) <= config.maximum_GET_length
        while True:
            try:
                # The Content-Type is sent with GET too, as Pywikibot does.
                if uses_get:
                    text = http.request(f"{self.api_uri}?{form}", "GET", None, dict(FORM))
                else:
                    text = http.request(self.api_uri, "POST", form, dict(FORM))
            except FatalServerError:
                raise
            except Exception as error:
                self.wait(error)
                continue
            try:
                answer = json.loads(text)
            except ValueError as error:
                self.wait(error)
                continue
            if "error" in answer:
                raise APIError(f"{answer['error']['code']}: {answer['error']['info']}")
            return answer

    def wait(self, error):
        self.max_retries -= 1
        if self.max_retries < 0:
            raise TimeoutError("Maximum retries attempted without success.") from error
        time.sleep(self.retry_wait)
        self.retry_wait = min(120, self.retry_wait * 2)
