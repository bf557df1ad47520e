"""Puts a signing Http in httplib2's place, for frameworks that make their own and can't be given one."""

import copyreg
import functools
import logging
from typing import Any

import httplib2

from .mixin import OAuth1Http, OAuth1Mixin
from .signers import Signers, SignersLike, accepted

_LOGGER = logging.getLogger("httplib2_oauthlib")
# Those that were installed, the last one at the end.
_installed: list["Installation"] = []


class Installation:
    """What ``install()`` has done. A context manager: at its end it is undone.

    Args:
        oauth: Who signs, checked.
        former: The class that was ``httplib2.Http``.
    """

    def __init__(self, oauth: Signers, former: type) -> None:
        self._former = former
        self._cls = _installable(oauth, former)
        _put(self._cls)

    def __enter__(self) -> None:
        """Do nothing: it is installed already."""

    def __exit__(self, *exc_info: object) -> None:
        """Undo it, and whatever was installed after it."""
        while self in _installed:
            _installed.pop()._undo()

    def _undo(self) -> None:
        self._cls._is_installed = False  # type: ignore[attr-defined]
        # What was derived from the class, or is still used somewhere, has nobody to sign for from now on.
        self._cls._oauth = None  # type: ignore[attr-defined]
        # Somebody else's class in its place stays there.
        if httplib2.Http is self._cls:
            _put(self._former)


def _put(cls: type) -> None:
    own = _own()
    httplib2.Http = cls  # type: ignore[assignment, misc]
    # pickle looks a class up by its name, where another stands for the time being.
    if cls is own:
        copyreg.dispatch_table.pop(own, None)
    else:
        copyreg.pickle(own, _reduced)


def _own() -> Any:
    """Return httplib2's own Http, whatever stands in its place."""
    return httplib2.Http.__mro__[-2]


def _reduced(http: Any) -> tuple[Any, ...]:
    return _made_before, (), http.__getstate__()


def _made_before() -> Any:
    """Return an Http as the unpickling of one begins that was made before anything was installed."""
    return _own().__new__(_own())


def install(oauth: SignersLike) -> Installation:
    """Make every ``httplib2.Http`` from now on a signing one, until :func:`uninstall`.

    For frameworks that make their own Http: called before they are imported, it also reaches those that derive a class
    from ``httplib2.Http`` or import it by its name; a class that was derived before is named in a warning of the logger
    ``httplib2_oauthlib``. As a context manager it ends with its block, and what was made within goes on signing::

        with install({"*.wikipedia.org": oauth}):
            bot = framework.Bot()

    Args:
        oauth: Who signs, as :attr:`.OAuth1Mixin.oauth`; ``OAuth1.from_env()`` takes it from the environment. It counts
            in the whole process: a mapping of hosts says who is to see a signature.

    Returns:
        A context manager that uninstalls.

    Raises:
        TypeError: ``oauth`` can't be used.
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
    """Undo the last :func:`install`; without one, do nothing.

    An Http that was made meanwhile goes on signing. A class that a framework derived meanwhile stays as it is, but what
    is made of it later does not sign.
    """
    if _installed:
        _installed.pop()._undo()


class _InPlace(type):
    """The class of a class that stands in another's place: whatever was made or derived before is its, too."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        former = vars(cls).get("_over")
        return super().__subclasscheck__(subclass) or (former is not None and issubclass(subclass, former))


class _Nameless:
    """What the classes that are made here share: nobody can import them, and copies and pickles outlive them.

    Attributes:
        _over: The class that a class is made over.
    """

    _over: type

    def __reduce_ex__(self, protocol: Any) -> Any:
        over = vars(type(self)).get("_over")
        if over is None:  # A framework's, derived from one of them.
            return super().__reduce_ex__(protocol)
        state: Any = self.__getstate__()
        # Whose __init__ was skipped has its class's.
        return _blank, (_root(over),), {"_oauth": self._oauth, **state}  # type: ignore[attr-defined]


def _installable(oauth: Signers, former: type) -> type:
    """Return a class that signs, in place of another."""
    base = _signing(former)
    bases = (base,) if issubclass(base, _Nameless) else (_Nameless, base)

    class Http(*bases, metaclass=_InPlace):  # type: ignore[misc]
        _over = former
        _is_installed = True
        # For an Http whose __init__ is skipped; any other has its own.
        _oauth = oauth

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            if _was_derived_before(self, Http):
                former.__init__(self, *args, **kwargs)  # type: ignore[misc]
                return
            kwargs.setdefault("oauth", Http._oauth)
            super().__init__(*args, **kwargs)

        def request(self, *args: Any, **kwargs: Any) -> Any:
            if _was_derived_before(self, Http):
                return former.request(self, *args, **kwargs)  # type: ignore[attr-defined]
            return super().request(*args, **kwargs)

    Http.__doc__, Http.__qualname__ = former.__doc__, "Http"
    return Http


@functools.cache
def _signing(former: type) -> type:
    """Return a signing class over another; the same each time, since pickles of its instances name it by the other."""
    if former in OAuth1Http.__mro__:
        return OAuth1Http
    if issubclass(former, OAuth1Mixin):
        return former

    class Http(_Nameless, OAuth1Mixin, former):  # type: ignore[misc]
        _over = former

    return Http


def _root(over: type) -> type | None:
    """Return the class that a pickle can name: the one that all are made over, or None for httplib2's own and ours."""
    while "_over" in vars(over):
        over = vars(over)["_over"]
    return None if over in OAuth1Http.__mro__ else over


def _blank(root: type | None) -> Any:
    """Return an Http as unpickling and copying begin with it; of the class that is installed, if that is over it."""
    cls: Any = httplib2.Http
    if not any(each._cls is cls and _root(each._former) is root for each in _installed):
        cls = _signing(root or OAuth1Http)
    return cls.__new__(cls)


def _was_derived_before(http: object, cls: Any) -> bool:
    """Whether the class of an Http was derived from the former one, and calls ``httplib2.Http``'s methods by that name.

    Raises:
        TypeError: It was, and its requests would not be signed though something is installed.
    """
    kind = type(http)
    if cls in kind.__mro__:
        return False
    if cls._is_installed and not issubclass(kind, OAuth1Mixin):  # Which signs by itself.
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} was derived from httplib2.Http before install(): call install()"
            f" before {kind.__module__} is imported"
        )
    return True
