"""The table of all requests that other implementations sign differently.

A row holds for every request that has its trait. The tests fail if an implementation differs on anything else, and if
it does not differ where a row says that it does.
"""

from typing import NamedTuple

# A row is about one of the two sides of an implementation, or about both.
VERIFIES, SIGNS, BOTH = ({"verifies"}, {"signs"}, {"verifies", "signs"})


class Row(NamedTuple):
    """One disagreement.

    Attributes:
        trait: The name of a function in :mod:`tests.interop.traits`.
        section: The section of RFC 5849 that applies.
        is_ours_right: Whether the section supports this package. None if the section doesn't decide.
        why: The rule in the section, or the behaviour of the implementations.
        peers: The implementations that differ, each with its sides.
    """

    trait: str
    section: str
    is_ours_right: bool | None
    why: str
    peers: dict[str, set[str]]


MEDIAWIKI = "MediaWiki (the embedded wiki)"
PECL = "PECL OAuthProvider"
EMPTY_PAIR = "A form has no empty pairs. Some implementations sign an empty parameter."
COLLECTED = "Every pair of the query and of the form is a parameter."
REPEATED = "A name may be repeated. The values are sorted."
DECODED = "Names and values are decoded as forms are."
BASE_URI = "The base string URI has the host in lower case and no default port."

TABLE = [
    Row("empty_pair_in_query", "3.4.1.3.1", None, EMPTY_PAIR,
        {MEDIAWIKI: VERIFIES, "Net::OAuth": BOTH, "ruby-oauth": VERIFIES, "oauth-1.0a": BOTH}),
    Row("empty_pair_in_form", "3.4.1.3.1", None, EMPTY_PAIR,
        {MEDIAWIKI: VERIFIES, "ruby-oauth": VERIFIES, "simple_oauth": BOTH}),
    Row("ampersand_at_end", "3.4.1.3.1", None, EMPTY_PAIR,
        {MEDIAWIKI: VERIFIES}),
    Row("repeated_in_query", "3.4.1.3.2", True, REPEATED,
        {MEDIAWIKI: VERIFIES, "PyLTI": VERIFIES, "Net::OAuth": BOTH, "passport-http-oauth": VERIFIES, PECL: BOTH}),
    Row("repeated_in_form", "3.4.1.3.2", True, REPEATED,
        {"Net::OAuth": BOTH, "passport-http-oauth": VERIFIES, PECL: BOTH}),
    Row("repeated_beside_blank_in_query", "3.4.1.3.2", True, REPEATED, {"oauth-1.0a": BOTH}),
    Row("in_query_and_form", "3.4.1.3.1", True, COLLECTED,
        {MEDIAWIKI: VERIFIES, "PyLTI": VERIFIES, "Net::OAuth": BOTH, "oauth-1.0a": BOTH, PECL: BOTH}),
    Row("repeated_and_in_query_and_form", "3.4.1.3.1", True, COLLECTED, {"oauth2": BOTH}),
    Row("names_sorted_otherwise_when_encoded", "3.4.1.3.2", True, "Parameters are sorted after they are encoded.",
        {"oauth2": BOTH, "ruby-oauth": BOTH, "rauth": SIGNS, "PyLTI": VERIFIES, PECL: BOTH}),
    Row("values_sorted_otherwise_when_encoded", "3.4.1.3.2", True, "Parameters are sorted after they are encoded.",
        {"oauth2": BOTH, "ruby-oauth": BOTH, "PyLTI": VERIFIES}),
    Row("without_equals_sign_in_query", "3.4.1.3.1", True, "A name without an equals sign has a blank value.",
        {"simple_oauth": BOTH}),
    Row("blank_name_in_form", "3.4.1.3.1", True, COLLECTED, {PECL: BOTH}),
    Row("brackets_in_query_name", "3.4.1.3.1", True, "PHP makes an array of such a name.",
        {MEDIAWIKI: VERIFIES, PECL: VERIFIES}),
    Row("brackets_in_form_name", "3.4.1.3.1", True, "PHP makes an array of such a name.", {PECL: BOTH}),
    Row("dot_or_space_in_query_name", "3.4.1.3.1", True, "PHP replaces both by an underscore.",
        {MEDIAWIKI: VERIFIES, PECL: VERIFIES}),
    Row("dot_or_space_in_form_name", "3.4.1.3.1", True, "PHP replaces both by an underscore.", {PECL: BOTH}),
    Row("name_of_digits", "3.4.1.3.1", True, "PHP replaces such names by its own numbers.", {MEDIAWIKI: VERIFIES}),
    Row("names_sharing_a_start", "3.4.1.3.2", True, "Names are sorted, and not the pairs.", {"Net::OAuth": BOTH}),
    Row("encoded_query_name", "3.4.1.3.1", True, DECODED, {"oauth-1.0a": BOTH}),
    Row("plus_sign_in_query", "3.4.1.3.1", True, DECODED, {"oauth-1.0a": BOTH}),
    Row("second_equals_sign_in_query", "3.4.1.3.1", True, DECODED, {"oauth-1.0a": BOTH}),
    Row("question_mark_in_query", "3.4.1.3.1", True, DECODED, {"oauth-1.0a": BOTH}),
    Row("slash_or_question_mark_unencoded", "3.4.1.3.1", True, DECODED, {"liboauth": BOTH}),
    Row("unencoded_semicolon_in_query", "3.4.1.3.1", True, "Only an ampersand separates pairs.",
        {"Net::OAuth": BOTH, "simple_oauth": BOTH, "oauth-1.0a": BOTH}),
    Row("unencoded_semicolon", "3.4.1.3.1", True, "Only an ampersand separates pairs.", {"ruby-oauth": SIGNS}),
    Row("unencoded_dollar_sign", "3.4.1.3.1", True, "A form may hold it. Authlib refuses it.", {"Authlib": BOTH}),
    Row("encoded_percent_sign_in_query", "3.4.1.3.1", True, "The query is decoded once.",
        {"oauth2": BOTH, "PyLTI": VERIFIES}),
    Row("zero_byte", "3.4.1.3.1", True, DECODED, {"liboauth": BOTH}),
    Row("zero_byte_in_query", "3.4.1.3.1", True, DECODED, {PECL: BOTH}),
    Row("not_ascii_in_query", "3.4.1.3.1", True, DECODED, {"Net::OAuth": BOTH}),
    Row("not_utf8", "3.6", None, "Text is encoded as UTF-8. No rule covers other bytes.",
        {"oauthlib": BOTH, "Authlib": BOTH, "oauth2": BOTH, "PyLTI": VERIFIES, "Net::OAuth": BOTH, "ruby-oauth": BOTH,
         "simple_oauth": BOTH, "oauth-sign": BOTH, "oauth-1.0a": BOTH, "passport-http-oauth": VERIFIES}),
    Row("parameter_named_realm", "3.4.1.3.1", True, "Only the realm of the header is left out.", {"Authlib": BOTH}),
    Row("form_parameter_named_realm", "3.4.1.3.1", True, "Only the realm of the header is left out.",
        {"oauth2": VERIFIES}),
    Row("raw_form", "3.4.1.3.1", False, "The body has to be encoded as a form.",
        {"oauthlib": VERIFIES, "Authlib": VERIFIES}),
    Row("raw_form_not_ascii", "3.4.1.3.1", False, "The body has to be encoded as a form.",
        {"ruby-oauth": VERIFIES, "simple_oauth": VERIFIES}),
    Row("form_by_other_method", "3.4.1.3.1", True, "A form is signed. PHP reads that of a POST only.",
        {MEDIAWIKI: VERIFIES, PECL: VERIFIES}),
    Row("form_by_patch_or_delete", "3.4.1.3.1", True, "A form is signed with all methods.", {"ruby-oauth": SIGNS}),
    Row("other_form_type", "3.4.1.3.1", True, "Only the media type matters, and not its parameters.",
        {"oauthlib": SIGNS, "Authlib": SIGNS, "oauth2": SIGNS, "rauth": SIGNS}),
    # This package sends it in lower case, but others don't.
    Row("form_type_in_upper_case", "3.4.1.3.1", True, "A media type is the same in upper and lower case.",
        {MEDIAWIKI: VERIFIES}),
    Row("body_of_bytes", "3.4.1.3.1", True, "Only a form is signed. rauth raises an error for other bytes.",
        {"rauth": SIGNS}),
    Row("plain_http", "2.1", None, "TLS is required for credentials only. Authlib refuses all http.",
        {"Authlib": BOTH}),
    Row("default_port", "3.4.1.2", True, BASE_URI,
        {"rauth": SIGNS, "Net::OAuth": BOTH, "oauth-1.0a": BOTH, "passport-http-oauth": VERIFIES}),
    Row("https_default_port", "3.4.1.2", True, BASE_URI, {"liboauth": BOTH}),
    Row("upper_case_host", "3.4.1.2", True, BASE_URI,
        {"oauth2": BOTH, "PyLTI": VERIFIES, "rauth": SIGNS, "liboauth": BOTH, "Net::OAuth": BOTH, "oauth-1.0a": BOTH}),
    Row("ipv6_address", "3.4.1.2", True, "ruby-oauth raises an error.", {"ruby-oauth": SIGNS}),
    Row("no_path", "3.4.1.2", True, "Without a path, the base string URI ends in a slash.",
        {"oauth2": SIGNS, "rauth": SIGNS}),
    Row("dot_segments", "3.4.1.2", True, "The path is that of the request line.", {"rauth": SIGNS, "oauth-sign": BOTH}),
    Row("plus_sign_in_path", "3.4.1.2", True, "The path is that of the request line.", {"liboauth": BOTH}),
    Row("apostrophe_in_path", "3.4.1.2", True, "The path is that of the request line.",
        {"passport-http-oauth": VERIFIES}),
    Row("path_that_is_rewritten", "3.4.1.2", True, "The path is that of the request line.", {"rauth": SIGNS}),
    Row("realm", "3.5.1", True, "The header may hold a realm.", {"simple_oauth": VERIFIES}),
    Row("realm_with_comma", "3.5.1", True, "A realm in quotes may contain a comma.",
        {"oauth2": VERIFIES, "PyLTI": VERIFIES}),
    Row("realm_with_comma_or_equals_sign", "3.5.1", True, "A realm in quotes may contain a comma.",
        {"ruby-oauth": VERIFIES}),
    Row("plaintext", "3.4.4", True, "The signature is encoded once. passport-http-oauth encodes it twice.",
        {"passport-http-oauth": VERIFIES}),
    Row("plaintext_of_reserved_characters_outside_header", "3.5.2", True, "Protocol parameters are decoded once.",
        {"oauthlib": VERIFIES}),
    Row("plaintext_of_reserved_characters_in_query", "3.5.3", True, "Protocol parameters are decoded once.",
        {"PyLTI": VERIFIES}),
    Row("reserved_in_secret", "3.4.2", True, "The key is made of the encoded secrets.", {PECL: VERIFIES}),
    Row("token_secret_of_one_byte", "3.4.2", True, "PECL's OAuth leaves such a secret out.", {PECL: SIGNS}),
]  # fmt: skip


def expected_traits(peer, side):
    """Return the traits on which one side of a peer differs."""
    return {row.trait for row in TABLE if side in row.peers.get(peer, ())}
