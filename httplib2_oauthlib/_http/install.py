"""Puts a signing Http in the place of ``httplib2.Http``, for frameworks that create their own."""

import inspect
import logging
from typing import Any

import httplib2

from .hooks import show_arguments
from .mixin import OAuth1Http, OAuth1Mixin
from .signers import Signers, SignersLike, accepted

_LOGGER = logging.getLogger("httplib2_oauthlib")
# The installations in effect, the last one at the end.
_installed: list["Installation"] = []


class Installation:
    """The effect of one ``install()``. As a context manager, it undoes the installation at the end of its block.

    Args:
        oauth: Selects the credentials.
        former: The class that was ``httplib2.Http``.
    """

    def __init__(self, oauth: Signers, former: type) -> None:
        self._former = former
        self._cls = _signing_class(oauth, former)
        httplib2.Http = self._cls  # type: ignore[misc]

    def __enter__(self) -> type[OAuth1Mixin]:
        """Return the class that is now ``httplib2.Http``. It is in place already."""
        return self._cls  # type: ignore[no-any-return]

    def __exit__(self, *exc_info: object) -> None:
        """Undo this installation, and every one after it."""
        while self in _installed:
            _installed.pop()._undo()

    def _undo(self) -> None:
        self._cls._is_installed = False
        # A class that was derived from it has no credentials from now on.
        self._cls._oauth = None
        # If another library has put a class on top, it stays.
        if httplib2.Http is self._cls:
            httplib2.Http = self._former  # type: ignore[assignment, misc]


def install(oauth: SignersLike) -> Installation:
    """Make every ``httplib2.Http`` from now on a signing one, until :func:`uninstall`.

    Use it for a framework that creates its own Http. Call it before the framework is imported: then it also reaches a
    class that the framework derives from ``httplib2.Http``, or imports by name. The logger ``httplib2_oauthlib`` warns
    of each class that was derived before. As a context manager it ends with its block, and every Http that was created
    within goes on signing::

        with install({"*.wikipedia.org": oauth}) as signing_class:
            signing_class.user_agent = "my-tool/1.0 (me@example.org)"
            bot = framework.Bot()

    The signing class has the attributes of :class:`.OAuth1Mixin`. One that is set on the class is the default of each
    instance.

    Such an Http can be copied, but not pickled. While a class is installed, an ``httplib2.Http`` from before can't be
    pickled either.

    Args:
        oauth: Selects the credentials, as :attr:`.OAuth1Mixin.oauth` does; ``OAuth1.from_env()`` takes them from the
            environment. It applies to the whole process. A mapping of hosts keeps signatures from other hosts.

    Returns:
        A context manager that uninstalls. ``with`` gives the class that is now ``httplib2.Http``.

    Raises:
        TypeError: ``oauth`` can't select credentials.
        SigningError: A mapping is empty, or has a key that can match no host. It is a ValueError.
    """
    signers, former = accepted(oauth), httplib2.Http
    for late in former.__subclasses__():
        if not issubclass(late, OAuth1Mixin):
            name = f"{late.__module__}.{late.__qualname__}"
            _LOGGER.warning(
                "%s was derived from httplib2.Http before install(): what it asks for is not signed, and fails if it"
                " calls httplib2.Http by that name. Call install() before %s is imported, or mix OAuth1Mixin into it",
                name,
                late.__module__,
            )
    _installed.append(Installation(signers, former))
    return _installed[-1]


def uninstall() -> None:
    """Undo the last :func:`install`. Without one, do nothing.

    An Http that was created in the meantime goes on signing. A class that a framework derived in the meantime stays as
    it is, but its later instances do not sign. The logger ``httplib2_oauthlib`` warns of each.
    """
    if _installed:
        _installed.pop()._undo()


class _InPlace(type):
    """The type of a class that stands in another's place: instances and subclasses of that class count as its own."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        former = vars(cls).get("_former")
        return super().__subclasscheck__(subclass) or (former is not None and issubclass(subclass, former))


def _signing_class(oauth: Signers, former: type) -> Any:
    """Return a class that signs, to stand in the place of another."""
    if former in OAuth1Http.__mro__:
        bases: tuple[type, ...] = (OAuth1Http,)
    else:
        bases = (former,) if issubclass(former, OAuth1Mixin) else (OAuth1Mixin, former)

    class Http(*bases, metaclass=_InPlace):  # type: ignore[misc]
        _former = former
        _is_installed = True
        # For an instance whose __init__ is skipped. Every other instance sets the attribute.
        _oauth = staticmethod(oauth) if inspect.isfunction(oauth) else oauth

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if _was_derived_before(self, Http):
                former.__init__(self, *args, **kwargs)  # type: ignore[misc]
                return
            if not Http._is_installed and "oauth" not in kwargs:
                kind = type(self)
                _LOGGER.warning(
                    "%s.%s was derived from httplib2.Http during install(), and an instance was created after it: what"
                    " it asks for is not signed. Create it earlier, or set its attribute oauth",
                    kind.__module__,
                    kind.__qualname__,
                )
            # The attribute of the class, which is a function here and no method.
            kwargs.setdefault("oauth", type(self)._oauth)
            super().__init__(*args, **kwargs)

        def request(self, *args: Any, **kwargs: Any) -> Any:
            if _was_derived_before(self, Http):
                return former.request(self, *args, **kwargs)  # type: ignore[attr-defined]
            return super().request(*args, **kwargs)

    Http.__doc__, Http.__qualname__ = former.__doc__, "Http"
    # Frameworks inspect which arguments httplib2 accepts. PySimpleSOAP looks for timeout in those of __init__().
    show_arguments(vars(Http)["__init__"], former.__init__)  # type: ignore[misc]
    show_arguments(vars(Http)["request"], former.request)  # type: ignore[attr-defined]
    return Http


def _was_derived_before(http: object, cls: Any) -> bool:
    """Whether an Http's class was derived from the former one, and calls ``httplib2.Http``'s methods by that name.

    Raises:
        TypeError: It was, and its requests would not be signed although a class is installed.
    """
    kind = type(http)
    if cls in kind.__mro__:
        return False
    if cls._is_installed and not issubclass(kind, OAuth1Mixin):
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} was derived from httplib2.Http before install(): call install()"
            f" before {kind.__module__} is imported"
        )
    return True
