"""The public classes: an Http whose requests are signed, and what makes one of any framework's Http."""

import inspect
import ssl
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httplib2

from .._signing.oauth1 import OAuth1
from .cache import CacheAttribute
from .clocks import ClockOffsets
from .hooks import count_positional, hook_methods, show_arguments, show_constructor
from .lost_responses import HttpResponse
from .safe_requests import is_safe
from .signers import CheckedProperty, Signers, SignersLike, accepted, given
from .unanswered import UNANSWERED, numbers_of
from .user_agent import checked

# A mixin for the Http of any framework: httplib2's, or one that only has the same methods (modern_httplib2). For types
# it is httplib2's, with the inner methods that the stubs leave out.
if TYPE_CHECKING:
    from .argument_types import Cache, ProxyInfo, RequestBody, RequestHeaders

    class _Base(httplib2.Http):
        def _request(self, *args: Any, **kwargs: Any) -> HttpResponse: ...

        def _conn_request(
            self, conn: Any, request_uri: str, method: str, body: Any, headers: dict[str, str]
        ) -> HttpResponse: ...

        def _auth_from_challenge(
            self, host: Any, request_uri: Any, headers: Any, response: Mapping[str, str], content: Any
        ) -> Iterator[Any]: ...

else:
    _Base = object


class _OfClass:
    """The default of ``oauth=``, which may be None: the instance keeps what the class has."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return what ``help()`` shows."""
        return "..."

    def __reduce__(self) -> str:
        """Let copies and pickles be the same object, since it is compared by identity."""
        return "_OF_CLASS"


_OF_CLASS: Any = _OfClass()


def _give_to_class(cls: type, oauth: Any) -> None:
    """Let a class attribute ``oauth = ...`` select the credentials of each instance without an ``oauth``."""
    if isinstance(oauth, staticmethod):
        oauth = oauth.__func__
    is_method = inspect.isfunction(oauth) and count_positional(oauth) != 1
    if is_method or isinstance(oauth, property):
        return  # It computes the value for each instance; it is checked for each request.
    oauth = accepted(oauth)
    # A function would become a method, with the Http as its argument.
    cls._oauth = staticmethod(oauth) if inspect.isfunction(oauth) else oauth  # type: ignore[attr-defined]
    # Not deleted: another base class may have an attribute of this name.
    cls.oauth = vars(OAuth1Mixin)["oauth"]  # type: ignore[attr-defined]


class OAuth1Mixin(_Base):
    """Signs the requests of any class that has httplib2's ``request()`` and ``_conn_request()``.

    ``class MyHttp(OAuth1Mixin, framework.Http)`` takes the framework's arguments and ``oauth=``. If the framework
    skips ``__init__``, set ``http.oauth`` afterwards.

    Args:
        *args: Passed unchanged to the next class.
        **kwargs: Passed unchanged to the next class.
        oauth: Selects the credentials; see :attr:`oauth`.
        repair_clock: Sign by the server's clock, and send the request once more, when the server refuses the
            timestamp. None keeps the class's default (True).
        max_clock_offset: Seconds by which a server may move the clock; see :attr:`max_clock_offset`. None keeps the
            class's default.
        keep_unanswered: How long requests whose response was lost are remembered; see :attr:`keep_unanswered`. None
            keeps the class's default (3600).
        require_signature: See :attr:`require_signature`. None keeps the class's default (False).
        raise_refusals: See :attr:`raise_refusals`. None keeps the class's default (False).
        user_agent: See :attr:`user_agent`. None keeps the class's default (None).
    """

    #: Whether a wrong clock is repaired. You can change it at any time, and set a default in a subclass.
    repair_clock: bool = True

    #: Seconds by which a server may move the clock that signs requests to it. None means a day over http, and any
    #: distance over https. Without TLS, an attacker on the way can name a time in the future, keep the request that is
    #: then signed for it, and send that request at that time. Set ``math.inf`` for a machine without a clock. You can
    #: change it at any time, and set a default in a subclass.
    max_clock_offset: float | None = None

    #: For how many seconds a request is remembered whose response was lost. A retry of it carries the same nonce, so
    #: that the server can't act twice. 0 means that a retry is remembered only within one call of :meth:`request`.
    keep_unanswered: float = 3600

    #: Whether a request that the program asks for is refused with SigningError, before anything is sent, if it would
    #: not be signed. A request with an Authorization header of the caller's own, or with a signature in its query or
    #: form, is sent as it is. A redirect to another origin is followed without a signature. You can change it at any
    #: time, and set a default in a subclass.
    require_signature: bool = False

    #: Whether :meth:`request` raises RefusedError when the server refuses the OAuth part of a request that was signed
    #: here: the signature, the token, the nonce and so on. MediaWiki's ``api.php`` refuses with status 200, so that a
    #: program that looks at the status alone would not notice. ``error.response`` and ``error.content`` are the
    #: response. Every other response is returned: the response to an unsigned request, any other error, and a 401 that
    #: gives no reason. You can change it at any time, and set a default in a subclass.
    raise_refusals: bool = False

    #: The cache as it was set. While a request runs, a view of it that keeps the entries of users apart.
    cache = CacheAttribute()

    # Set on the class, for an instance whose __init__ was skipped, or that was unpickled from a plain Http.
    _oauth: Signers = None
    _user_agent: str | None = None
    # The credentials that add_credentials() has added to _oauth, by domain.
    _added: Mapping[str, OAuth1] = {}
    # Seconds that a server's clock is ahead of this machine's, by scheme and authority.
    _clock_offsets: Mapping[str, int] = ClockOffsets()

    def __init__(
        self,
        *args: Any,
        oauth: SignersLike = _OF_CLASS,
        repair_clock: bool | None = None,
        require_signature: bool | None = None,
        raise_refusals: bool | None = None,
        user_agent: str | None = None,
        max_clock_offset: float | None = None,
        keep_unanswered: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if oauth is not _OF_CLASS:
            self.oauth = oauth
        if repair_clock is not None:
            self.repair_clock = repair_clock
        if max_clock_offset is not None:
            self.max_clock_offset = max_clock_offset
        if keep_unanswered is not None:
            if keep_unanswered < 0:
                raise ValueError(f"invalid keep_unanswered: {keep_unanswered}; it must be 0 or more seconds")
            self.keep_unanswered = keep_unanswered
        if require_signature is not None:
            self.require_signature = require_signature
        if raise_refusals is not None:
            self.raise_refusals = raise_refusals
        if user_agent is not None:
            self.user_agent = user_agent

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        hook_methods(cls)
        if "oauth" in vars(cls):
            _give_to_class(cls, vars(cls)["oauth"])
        if "user_agent" in vars(cls) and not hasattr(vars(cls)["user_agent"], "__get__"):
            cls._user_agent = checked(vars(cls)["user_agent"])
            # The property stays, so that a value that is set on an instance is checked too.
            setattr(cls, "user_agent", vars(OAuth1Mixin)["user_agent"])  # noqa: B010 (mypy takes it for a method)
        cache = inspect.getattr_static(cls, "cache", None)
        if not isinstance(cache, CacheAttribute):
            cls.cache = CacheAttribute(cache)

    # Type checkers let a subclass replace an attribute by a value, and a property by another property only.
    if TYPE_CHECKING:
        oauth: SignersLike
        user_agent: str | None
    else:

        @CheckedProperty
        def oauth(self) -> Signers:
            """Selects the credentials. You can change it at any time, also between two requests.

            - An :class:`OAuth1`: every request that the program asks for is signed.
            - A mapping of host pattern to OAuth1, as in Pywikibot's ``authenticate``:
              ``{"*.wikipedia.org": oauth}``. The host itself is looked up first, with and without its port. Then its
              first labels are replaced by ``*``.
            - A function that takes a URI and returns an OAuth1 or None.
            - None: nothing is signed.

            A subclass may set it as a class attribute, ``oauth = OAuth1(...)``, for each instance that isn't given
            another.

            In place of an OAuth1, credentials of other libraries are accepted: a ``requests_oauthlib.OAuth1``, an
            ``oauthlib.oauth1.Client``, or mwoauth's tokens as the pair ``(consumer_token, access_token)``.

            Raises:
                TypeError: The value is of another type, or an OAuth1 would not sign in the same way.
                SigningError: A mapping is empty, or has a key that can match no host. It is a ValueError.
            """
            return given(self._oauth)

        @oauth.setter
        def oauth(self, oauth: SignersLike) -> None:
            self._oauth = accepted(oauth)

        @CheckedProperty
        def user_agent(self) -> str | None:
            """The User-Agent of each request for which the caller sends none, whether it is signed or not.

            Without it, httplib2 sends one that names only httplib2. Wikimedia's wikis refuse it: send the name of your
            program and a way to contact you, such as ``"my-tool/1.0 (me@example.org)"``. You can change it at any
            time, and set a default in a subclass.

            Raises:
                TypeError: The value isn't a str.
                ValueError: The value is empty, or contains a character that can't be sent.

            Source: https://meta.wikimedia.org/wiki/User-Agent_policy
            """
            return self._user_agent

        @user_agent.setter
        def user_agent(self, user_agent: str | None) -> None:
            self._user_agent = checked(user_agent)

    def is_safe_request(self, method: str, uri: str, body: Any) -> bool:
        """Return whether a request may be repeated freely, each time with a new nonce.

        True for GET, HEAD, OPTIONS and TRACE, and for a POST to MediaWiki's ``api.php`` whose every ``action`` only
        reads (or is ``purge``) and that has no ``token``. If the response to any other request is lost, a retry keeps
        the nonce of the first attempt, so that the server can't act twice.

        Override this method for requests that your server may receive twice.

        Args:
            method: The method, in upper or lower case.
            uri: The URI.
            body: The body: str, bytes, or anything else that httplib2 takes.

        Source: RFC 9110, section 9.2.1. For MediaWiki: the modules of its API that need no token.
        """
        return is_safe(method, uri, body)

    def forget_unanswered(self, error: BaseException | None = None) -> None:
        """Forget requests whose response was lost, so that the same request may be made again.

        Call it when you have checked whether the server acted.

        Args:
            error: The error that the request ended with: only this request is forgotten. None means all requests of
                this process, those of other Http objects included.

        Raises:
            ValueError: The error isn't about a request whose response was lost.
        """
        if error is None:
            UNANSWERED.forget()
            return
        numbers = numbers_of(error)
        if not numbers:
            raise ValueError(
                f"this {type(error).__name__} isn't about a lost response; pass the error that request() raised"
            )
        for number in numbers:
            UNANSWERED.forget(number)

    def add_credentials(self, *args: Any, **kwargs: Any) -> None:
        """Add a user's name and password, as httplib2 does; or OAuth credentials, if there are four values.

        ``http.add_credentials(*authenticate[host])`` does what an entry of Pywikibot's ``authenticate`` means: two
        values answer a challenge for Basic authentication or the like, four values sign.

        Args:
            *args: A name and a password; or client key, client secret, token and token secret. Then the domain, if it
                isn't given by name.
            **kwargs: ``domain``: the only host that the credentials are for. For signatures it may be a pattern, as
                in :attr:`oauth`. Without it, four values are for the host of the request in progress, if a framework
                adds them during one, and otherwise for every request. With a name and a password, also httplib2's
                other arguments.

        Raises:
            ValueError: Four values can't be added to the present :attr:`oauth`: it is another OAuth1 for all hosts, a
                function, or, without a domain, a mapping. During a request, a framework may add them beside a
                function. They are then used where the function returns None.
            SigningError: One of the four values can't be used, or there are three values, and the third isn't the
                domain of a password. It is a ValueError too.

        Source: Pywikibot until 2015, ``pywikibot.comms.threadedhttp.Http``, which added them in its ``request()``.
        """
        super().add_credentials(*args, **kwargs)

    def clear_credentials(self, *args: Any, **kwargs: Any) -> None:
        """Remove the credentials that :meth:`add_credentials` has added. Others in :attr:`oauth` stay."""
        super().clear_credentials(*args, **kwargs)

    def request(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make a request as ``httplib2.Http.request`` does, signed if :attr:`oauth` selects credentials for it.

        The next class gets the arguments unchanged. A framework's own class may take others than httplib2's, which are
        listed here.

        Args:
            *args: ``uri``: absolute, with http or https. ``method``: the method, GET by default. ``body``: str, bytes,
                a file or an iterable of bytes. http.client encodes a str as Latin-1, unless it is a form. Pass bytes
                for any other charset: only the caller knows the charset that the Content-Type declares. ``headers``: a
                mapping. ``redirections``: how many redirects are followed, 5 by default. ``connection_type``: a class
                for the connection.
            **kwargs: The same by name.

        Returns:
            The response and its body: a pair of ``httplib2.Response`` and bytes.

        Raises:
            SigningError: The request can't be signed truthfully, :attr:`require_signature` refuses it, or its body
                can't be sent: a ``str`` beyond Latin-1, or a dict. Nothing of it was sent.
            RefusedError: The server refused the OAuth part of the request, and :attr:`raise_refusals` is set.
            ResponseLostError: The server has received a request that isn't safe, and its response was lost.
        """
        response: HttpResponse = super().request(*args, **kwargs)
        return response

    def _request(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super()._request(*args, **kwargs)

    def _conn_request(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super()._conn_request(*args, **kwargs)

    def _auth_from_challenge(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        return super()._auth_from_challenge(*args, **kwargs)


hook_methods(OAuth1Mixin, passes_on=True)
show_arguments(OAuth1Mixin.request, httplib2.Http.request)


class OAuth1Http(OAuth1Mixin, httplib2.Http):
    """An ``httplib2.Http`` whose requests carry an OAuth 1.0a signature.

    Like ``httplib2.Http``, an instance serves one thread at a time. One OAuth1 may serve many threads.

    Args:
        cache: As for ``httplib2.Http``, with which the arguments begin: the path of a folder, or a cache.
        timeout: Seconds to wait for a connection, and each time for the next part of a response. None means for ever.
        proxy_info: As for ``httplib2.Http``, like the rest of the arguments that aren't described here.
        oauth: Selects the credentials; see :attr:`OAuth1Mixin.oauth`.
        repair_clock: See :attr:`OAuth1Mixin.repair_clock`.
        max_clock_offset: See :attr:`OAuth1Mixin.max_clock_offset`.
        keep_unanswered: See :attr:`OAuth1Mixin.keep_unanswered`.
        require_signature: See :attr:`OAuth1Mixin.require_signature`.
        raise_refusals: See :attr:`OAuth1Mixin.raise_refusals`.
        user_agent: See :attr:`OAuth1Mixin.user_agent`.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            cache: str | Cache | None = None,
            timeout: float | None = None,
            proxy_info: ProxyInfo = ...,
            ca_certs: str | None = None,
            disable_ssl_certificate_validation: bool = False,
            tls_maximum_version: ssl.TLSVersion | str | None = None,
            tls_minimum_version: ssl.TLSVersion | str | None = None,
            decode_limit_hard: float | None = None,
            decode_limit_safe: float | None = None,
            decode_limit_ratio: float | None = None,
            decode_limit_chunk: float | None = None,
            *,
            oauth: SignersLike = ...,
            repair_clock: bool | None = None,
            require_signature: bool | None = None,
            raise_refusals: bool | None = None,
            user_agent: str | None = None,
            max_clock_offset: float | None = None,
            keep_unanswered: float | None = None,
        ) -> None: ...

        def request(
            self,
            uri: str,
            method: str = "GET",
            body: RequestBody = None,
            headers: RequestHeaders = None,
            redirections: int = 5,
            connection_type: Any = None,
        ) -> HttpResponse: ...

    else:

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)


if not TYPE_CHECKING:
    show_constructor(OAuth1Http.__init__, httplib2.Http.__init__, OAuth1Mixin.__init__)
