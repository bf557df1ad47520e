"""What is unusual about a request: the points on which implementations differ.

Each trait is a function of the shape and of the request as it is sent. Its docstring names it on the page
"Compatibility".
"""

import re
from collections import Counter
from urllib.parse import quote, unquote_to_bytes, urlsplit

from .asked import FORM

# RFC 3986, section 3.4, and a "%" only before two hexadecimal digits.
_ENCODED = re.compile(r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9._~!$&'()*+,;=:@/?-])*")
_MAX_ASCII = 0x7F

TRAITS = {}


def trait(function):
    TRAITS[function.__name__] = function
    return function


def _pieces(text):
    """Return the raw pairs of a query or a form, without the protocol parameters."""
    return [piece for piece in text.split("&") if not piece.startswith("oauth_")] if text else []


def _pairs(text):
    """Return the decoded pairs of a query or a form, as bytes."""
    found = []
    for piece in filter(None, _pieces(text)):
        name, _, value = piece.replace("+", " ").partition("=")
        found.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return found


def _names(text):
    return [name for name, _ in _pairs(text)]


def _is_repeated(text):
    return any(count > 1 for count in Counter(_names(text)).values())


def _has_empty_pair(text):
    """Whether there is nothing before or between two ampersands. One at the end is another trait."""
    return "" in text.removesuffix("&").split("&")[:-1] or text.startswith("&")


def _is_not_utf8(text):
    try:
        unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


@trait
def empty_pair_in_query(shape, sent):
    """an empty pair (``&&``) in the query"""
    return _has_empty_pair(sent.query)


@trait
def empty_pair_in_form(shape, sent):
    """an empty pair (``&&``) in the form"""
    return _has_empty_pair(sent.form)


@trait
def ampersand_at_end(shape, sent):
    """an ampersand at the end of the query or the form"""
    return sent.query.endswith("&") or sent.form.endswith("&")


@trait
def repeated_in_query(shape, sent):
    """a repeated name in the query"""
    return _is_repeated(sent.query)


@trait
def repeated_in_form(shape, sent):
    """a repeated name in the form"""
    return _is_repeated(sent.form)


@trait
def repeated_beside_blank_in_query(shape, sent):
    """a repeated name in the query whose first value is blank"""
    blank = {name for name, value in _pairs(sent.query) if not value}
    return _is_repeated(sent.query) and any(
        count > 1 and name in blank for name, count in Counter(_names(sent.query)).items()
    )


@trait
def in_query_and_form(shape, sent):
    """one name in query and form"""
    return bool(set(_names(sent.query)) & set(_names(sent.form)))


@trait
def repeated_and_in_query_and_form(shape, sent):
    """one name in query and form, and twice in one of them"""
    return in_query_and_form(shape, sent) and (_is_repeated(sent.query) or _is_repeated(sent.form))


def _changes_order(texts):
    return sorted(texts) != sorted(texts, key=lambda text: quote(text, safe="~"))


@trait
def names_sorted_otherwise_when_encoded(shape, sent):
    """names whose order changes when they are encoded"""
    return _changes_order(_names(sent.query) + _names(sent.form))


@trait
def values_sorted_otherwise_when_encoded(shape, sent):
    """a repeated name whose values' order changes when they are encoded"""
    values = {}
    for name, value in _pairs(sent.query) + _pairs(sent.form):
        values.setdefault(name, []).append(value)
    return any(map(_changes_order, values.values()))


@trait
def without_equals_sign_in_query(shape, sent):
    """a name without an equals sign in the query"""
    return any(piece and "=" not in piece for piece in _pieces(sent.query))


@trait
def blank_name_in_form(shape, sent):
    """a blank name in the form"""
    return b"" in _names(sent.form)


@trait
def brackets_in_query_name(shape, sent):
    """a name with brackets in the query"""
    return any(b"[" in name for name in _names(sent.query))


@trait
def brackets_in_form_name(shape, sent):
    """a name with brackets in the form"""
    return any(b"[" in name for name in _names(sent.form))


@trait
def dot_or_space_in_query_name(shape, sent):
    """a name with a dot or a space in the query"""
    return any(set(b". ") & set(name) for name in _names(sent.query))


@trait
def dot_or_space_in_form_name(shape, sent):
    """a name with a dot or a space in the form"""
    return any(set(b". ") & set(name) for name in _names(sent.form))


@trait
def name_of_digits(shape, sent):
    """a name of digits only"""
    return any(name.isdigit() for name in _names(sent.query) + _names(sent.form))


@trait
def names_sharing_a_start(shape, sent):
    """names of which one begins with the other, followed by a digit, a dot or a hyphen"""
    names = sorted(_names(sent.query) + _names(sent.form))
    return any(
        b.startswith(a) and a != b and re.match(rb"[-.0-9%!$' ()*+,]", b[len(a) :]) for a in names for b in names
    )


@trait
def encoded_query_name(shape, sent):
    """a percent-encoded name in the query"""
    return any(set("%+") & set(piece.partition("=")[0]) for piece in _pieces(sent.query))


@trait
def plus_sign_in_query(shape, sent):
    """a space as ``+`` in the query"""
    return "+" in sent.query


@trait
def second_equals_sign_in_query(shape, sent):
    """an equals sign in a value of the query"""
    return any(piece.count("=") > 1 for piece in _pieces(sent.query))


@trait
def question_mark_in_query(shape, sent):
    """a question mark in the query"""
    return "?" in sent.query


@trait
def slash_or_question_mark_unencoded(shape, sent):
    """a slash or a question mark that is not encoded"""
    return any(set("/?") & set(piece) for piece in _pieces(sent.query) + _pieces(sent.form))


@trait
def unencoded_semicolon_in_query(shape, sent):
    """a semicolon in the query that is not encoded"""
    return ";" in sent.query


@trait
def unencoded_semicolon(shape, sent):
    """a semicolon that is not encoded"""
    return ";" in sent.query or ";" in sent.form


@trait
def unencoded_dollar_sign(shape, sent):
    """a dollar sign or an apostrophe that is not encoded"""
    return bool(set("$'") & set(sent.query + sent.form))


@trait
def encoded_percent_sign_in_query(shape, sent):
    """text in the query that looks encoded after it is decoded"""
    return any(re.search(rb"%[0-9A-Fa-f]{2}", name + b"=" + value) for name, value in _pairs(sent.query))


@trait
def zero_byte(shape, sent):
    """a zero byte"""
    return "%00" in sent.query or "%00" in sent.form


@trait
def zero_byte_in_query(shape, sent):
    """a zero byte in the query"""
    return "%00" in sent.query


@trait
def not_ascii_in_query(shape, sent):
    """characters beyond ASCII in the query"""
    return any(byte > _MAX_ASCII for byte in unquote_to_bytes(sent.query))


@trait
def not_utf8(shape, sent):
    """bytes that are not UTF-8"""
    return _is_not_utf8(sent.query) or _is_not_utf8(sent.form)


@trait
def parameter_named_realm(shape, sent):
    """a parameter named ``realm``"""
    return b"realm" in _names(sent.query) + _names(sent.form)


@trait
def form_parameter_named_realm(shape, sent):
    """a parameter named ``realm`` in the form"""
    return b"realm" in _names(sent.form)


@trait
def raw_form(shape, sent):
    """a form that is not percent-encoded"""
    return not _ENCODED.fullmatch(sent.form)


@trait
def raw_form_not_ascii(shape, sent):
    """a form with characters beyond ASCII that are not percent-encoded"""
    return not sent.form.isascii()


@trait
def form_by_other_method(shape, sent):
    """a form by PUT, PATCH or DELETE"""
    return bool(sent.form) and sent.method in ("PUT", "PATCH", "DELETE")


@trait
def form_by_patch_or_delete(shape, sent):
    """a form by PATCH or DELETE"""
    return bool(sent.form) and sent.method in ("PATCH", "DELETE")


@trait
def other_form_type(shape, sent):
    """a form's Content-Type with a charset or in upper case"""
    return sent.is_form and dict(shape.headers).get("Content-Type", FORM) != FORM


@trait
def form_type_in_upper_case(shape, sent):
    """a form's Content-Type that is sent in upper case"""
    content_type = sent.headers.get("content-type", "").partition(";")[0]
    return sent.is_form and content_type != content_type.lower()


@trait
def body_of_bytes(shape, sent):
    """a body of bytes"""
    return isinstance(shape.body, bytes)


@trait
def plain_http(shape, sent):
    """a URI with http instead of https"""
    return sent.uri.startswith("http:")


@trait
def default_port(shape, sent):
    """the scheme's default port in the URI"""
    return sent.authority.endswith({"http": ":80", "https": ":443"}[urlsplit(sent.uri).scheme])


@trait
def https_default_port(shape, sent):
    """the port 443 in an https URI"""
    return sent.uri.startswith("https:") and sent.authority.endswith(":443")


@trait
def upper_case_host(shape, sent):
    """an upper-case host"""
    return sent.authority != sent.authority.lower()


@trait
def ipv6_address(shape, sent):
    """an IPv6 address"""
    return sent.authority.startswith("[")


@trait
def no_path(shape, sent):
    """a URI without a path"""
    return not urlsplit(shape.uri).path


def _path(sent):
    return urlsplit(sent.uri).path


@trait
def dot_segments(shape, sent):
    """a path with ``/../`` or ``/./``"""
    return bool(re.search(r"/\.\.?(?:/|$)", _path(sent)))


@trait
def plus_sign_in_path(shape, sent):
    """a plus sign in the path"""
    return "+" in _path(sent)


@trait
def apostrophe_in_path(shape, sent):
    """an apostrophe in the path"""
    return "'" in _path(sent)


@trait
def path_that_is_rewritten(shape, sent):
    """a path with ``%7E`` or lower-case hexadecimal digits"""
    return bool(re.search("%7E|%[0-9A-Fa-f][a-f]|%[a-f]", _path(sent)))


@trait
def realm(shape, sent):
    """a realm"""
    return shape.realm is not None and shape.placement == "AUTH_HEADER"


@trait
def realm_with_comma(shape, sent):
    """a realm with a comma"""
    return realm(shape, sent) and "," in shape.realm


@trait
def realm_with_comma_or_equals_sign(shape, sent):
    """a realm with a comma or an equals sign"""
    return realm(shape, sent) and bool(set(",=") & set(shape.realm))


@trait
def plaintext(shape, sent):
    """PLAINTEXT"""
    return shape.signature_method == "PLAINTEXT"


@trait
def reserved_in_secret(shape, sent):
    """a secret with characters that have to be encoded"""
    secrets = shape.credentials.client_secret + shape.credentials.token_secret
    return not re.fullmatch("[A-Za-z0-9._~-]*", secrets)


@trait
def plaintext_of_reserved_characters_outside_header(shape, sent):
    """PLAINTEXT in the query or the form, and a secret with characters that have to be encoded"""
    return plaintext(shape, sent) and shape.placement != "AUTH_HEADER" and reserved_in_secret(shape, sent)


@trait
def plaintext_of_reserved_characters_in_query(shape, sent):
    """PLAINTEXT in the query, and a secret with characters that have to be encoded"""
    return plaintext_of_reserved_characters_outside_header(shape, sent) and shape.placement == "QUERY"


@trait
def token_secret_of_one_byte(shape, sent):
    """a token secret of one byte"""
    return len(shape.credentials.token_secret.encode()) == 1


def traits_of(shape, sent):
    """Return the names of all traits of a request."""
    return {name for name, function in TRAITS.items() if function(shape, sent)}
