"""The family file of the embedded wiki for Pywikibot, whose address is in the environment."""

import os

from pywikibot import family


class Family(family.SingleSiteFamily):
    name = "embedded"
    domain = os.environ["EMBEDDED_WIKI"]

    def protocol(self, code):
        return "http"

    def scriptpath(self, code):
        return ""
