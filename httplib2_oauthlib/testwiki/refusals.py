"""Extension:OAuth's error messages, word for word."""

from .store import Consumer


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
    def api_code(self) -> str:
        """The error code of api.php and rest.php."""
        code = "mwoauth-invalid-authorization"
        return self.key if self.key is not None and self.key.startswith(code) else code

    @property
    def api_text(self) -> str:
        """The message of api.php and rest.php."""
        is_reason = self.api_code != self.key
        return f"The authorization headers in your request are not valid: {self.text}" if is_reason else self.text

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


def coded_refusal(code: str, consumer: Consumer | None = None) -> OAuthRefusal:
    """Return the refusal with a code such as ``E004``; ``consumer`` is for the messages that name it."""
    sentence, detail, key = _CODED[code]
    if consumer is not None:
        sentence = sentence.replace("$1", consumer.name).replace("$2", consumer.key)
    return OAuthRefusal(sentence, key, detail, code)


def no_approved_grant() -> OAuthRefusal:
    """Return the refusal of an access token that does not exist or was revoked."""
    return OAuthRefusal(
        "No approved grant was found for that authorization token.", "mwoauthdatastore-access-token-not-found"
    )


# The message, its detail and its key by code. "$1" stands for the consumer's name, and "$2" for its key.
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
        '"$1" is an owner-only Connected App. To fetch the access token, see'
        " [[Special:OAuthConsumerRegistration/update/$2]].",
        "Consumer is owner-only",
        "mwoauthserver-consumer-owner-only",
    ),
}
