"""Extension:OAuth's error messages, word for word."""


class OAuthRefusal(Exception):
    """MediaWiki's refusal of the OAuth part of a request.

    Args:
        sentence: MediaWiki's message.
        key: The message's key. None for a message of MediaWiki's OAuth library, which is always in English.
        detail: The words that stand beside the code, if the message has a code.
        code: The code by which MediaWiki's documentation explains the error, such as ``E004``, or an empty str.
    """

    def __init__(self, sentence: str, key: str | None = None, detail: str = "", code: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.key = key
        self.detail = detail
        self.code = code

    @property
    def uri(self) -> str:
        """The URI of the code's documentation."""
        return f"https://www.mediawiki.org/wiki/Help:OAuth/Errors#{self.code}"

    @property
    def link(self) -> str:
        """The code as an HTML link, as MediaWiki writes it."""
        return f'<a class="external" href="{self.uri}">{self.code}</a>'

    @property
    def text(self) -> str:
        """The whole message, with the HTML that MediaWiki leaves in it."""
        if not self.code:
            return self.sentence
        detail = f'<span class="plainlinks mw-mwoautherror-details">{self.detail}, {self.link}</span>'
        return f"{self.sentence}\n\n{detail}"


def coded_refusal(code: str, consumer_name: str = "") -> OAuthRefusal:
    """Return the refusal with a code that MediaWiki's documentation explains.

    Args:
        code: Such as ``E004``.
        consumer_name: The consumer's name, for the messages that contain it.
    """
    sentence, detail, key = _CODED[code]
    return OAuthRefusal(sentence.replace("$1", consumer_name), key, detail, code)


def no_approved_grant() -> OAuthRefusal:
    """Return the refusal of an access token that does not exist or was revoked."""
    return OAuthRefusal(
        "No approved grant was found for that authorization token.", "mwoauthdatastore-access-token-not-found"
    )


# The message, its detail and its key by code. "$1" stands for the consumer's name.
_CODED = {
    "E001": (
        "Sorry, something went wrong configuring this connected application. Contact the application's developer.",
        "OAuth missing parameters",
        "mwoauth-bad-request-missing-params",
    ),
    "E002": (
        "Sorry, something went wrong, you'll need to contact the application author for help with this.",
        "Unknown URL",
        "mwoauth-bad-request-invalid-action",
    ),
    "E004": (
        "Sorry, something went wrong connecting this application.\n"
        "Go back and try to connect your account again, or contact the application author.",
        "OAuth token not found",
        "mwoauthdatastore-request-token-not-found",
    ),
    "E005": (
        '"$1" is not approved as a Connected App. Contact the application author for help.',
        "Connected OAuth app not approved",
        "mwoauthserver-bad-consumer",
    ),
    "E006": (
        "Sorry, something went wrong connecting this application.",
        "Unknown OAuth key",
        "mwoauthserver-bad-consumer-key",
    ),
    "E009": (
        "This request has already been completed and cannot be resubmitted.\n"
        "Go back to the application and try to connect your account again, or contact the application author.",
        "OAuth token already used",
        "mwoauthdatastore-request-token-already-used",
    ),
    "E010": (
        '"$1" is an owner-only Connected App. To fetch the access token, see [[Special:OAuthConsumerRegistration]].',
        "Consumer is owner-only",
        "mwoauthserver-consumer-owner-only",
    ),
}
