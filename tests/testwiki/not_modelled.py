"""The recorded responses that the embedded wiki does not give, with the reason. This list can only shrink.

Each entry has the versions, the file of recordings, the numbers in the file, and what is missing.
"""

_NEW = "1.43 1.45"
_ENTRIES = [
    # Other languages than English
    (_NEW, "api_errors_bc", "45 46 47", "German"),
    (_NEW, "api_errors_formats", "59 60 61 62 63 64 65 66 67", "German"),
    (_NEW, "api_errors_more", "4", "German"),
    (_NEW, "api_refusals", "8 13 18 28 35", "German"),
    (_NEW, "identify_errors", "21 22 23 25 26 27 29 30 31 33 34 35", "German"),
    (_NEW, "index_pages", "13 14", "German"),
    (_NEW, "initiate_callbacks", "29 30", "German"),
    (_NEW, "initiate_errors", "30 31 32 33 34 35 36 37 38 39 40 41 42 43 44", "German"),
    (_NEW, "rest_languages", "3 4 5 6 30 31 33", "German"),
    ("1.45", "rest_languages", "0 19 20 21 22 23 24 26 27 28 32", "German"),
    (_NEW, "token_errors", "28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 46", "German"),
    # api.php
    ("1.39 1.43 1.45", "owner_only_login_edit", "0", "settings of images and other members of siprop=general"),
    (_NEW, "api_errors_bc", "13", "the second error of one request"),
    (_NEW, "api_errors_formats", "13", "the second error of one request"),
    (_NEW, "api_errors_bc", "14 29", "a negative maxlag, and a wiki without a database host"),
    (_NEW, "api_errors_bc", "22", "protected namespaces"),
    (_NEW, "api_errors_bc", "38", "a negative maxlag, and a wiki without a database host"),
    (_NEW, "api_errors_formats", "14 29 38 47 56", "a negative maxlag, and a wiki without a database host"),
    (_NEW, "api_errors_formats", "16 31 40 49 58", "warnings in the newer errorformats"),
    (_NEW, "api_errors_formats", "22", "protected namespaces"),
    (
        _NEW,
        "api_errors_formats",
        "23 24 25 26 27 28 30 32 33 34 35 39 41 42 43 44 50 51 52 53 54 55 57",
        "the errorformats wikitext, html, raw and none",
    ),
    (_NEW, "api_errors_formats", "36 37", "links and lists with errorformat=html"),
    (_NEW, "api_errors_formats", "45 46 48", "messages with parameters and errorformat=raw"),
    ("1.43", "api_errors_more", "10", "pages that other programs had made on the recorded wiki"),
    (_NEW, "api_errors_more", "2", "clientlogin"),
    (_NEW, "api_errors_more", "14", "list=users"),
    ("1.45", "api_errors_more", "19", "crossorigin"),
    (_NEW, "api_errors_more", "13", "an unknown format, shown as a page"),
    (_NEW, "api_errors_more", "16", "the MD5 hash of a text"),
    (_NEW, "api_errors_more", "21", "OPTIONS"),
    (
        _NEW,
        "api_refusals",
        "10 11 12 14 15 16 17 19 20 21 22 23 24 25 26 27",
        "the errorformats wikitext, html, raw and none",
    ),
    (_NEW, "api_refusals", "30 31 32 33", "the formats jsonfm, php and none"),
    (_NEW, "continuation", "7", "rawcontinue"),
    (_NEW, "continuation", "10", "list=usercontribs"),
    (_NEW, "edits", "6 7 8 12 21", "sections, tags and undo"),
    (_NEW, "edits", "28 29 30 31 32 33", "the modules watch, purge, parse and move"),
    ("1.43", "owner_only_query_forms", "4", "pages that other programs had made on the recorded wiki"),
    ("1.39 1.43 1.45", "owner_only_more", "5", "the metadata of images"),
    (_NEW, "redirects", "6 7", "the redirect from api.php with more path behind it"),
    (_NEW, "redirects", "8", "redirects=1"),
    (_NEW, "uploads", "1", "the metadata of images"),
    (_NEW, "uploads", "2 3 4 5 6 7 8 9 10 11 12 14 19", "chunks, the stash, file types and warnings of uploads"),
    (_NEW, "userinfo_tokens", "0 1 2 3 4 5 6 7 10", "unreadcount, the number of unread pages of a watchlist"),
    (_NEW, "userinfo_tokens", "8 9", "options"),
    (_NEW, "userinfo_tokens", "12", "German"),
    (_NEW, "userinfo_tokens", "19 21 22 23", "the session of login tokens, checktoken, list=users"),
    # rest.php
    (_NEW, "rest_errors", "15 21", "messages about fields of the wrong type"),
    (_NEW, "rest_errors", "41 42 43 44 45 46", "revisions, search and files, rest.php without a path"),
    (_NEW, "rest_grants", "11", "protected namespaces"),
    (_NEW, "rest_grants", "12 13", "OAuth 2"),
    (_NEW, "rest_pages", "1 2 3 4 5 6 7 14 15", "HTML, history, search and revisions"),
    ("1.43", "rest_redirects_conditional", "2 3 4 5 6 7", "ETag and Last-Modified of a redirect"),
    (_NEW, "rest_redirects_conditional", "10 11", "redirect_target, the target of a page that redirects"),
    (_NEW, "rest_redirects_conditional", "12 18 19", "HTML"),
    (_NEW, "rest_redirects_conditional", "14 16 22", "Last-Modified of a 304; the recorded ETags are another wiki's"),
    (_NEW, "uploads", "20", "files"),
    # Pages
    (_NEW, "initiate_errors", "45 46", "format=html of Special:OAuth"),
    (_NEW, "redirects", "4 5", "Last-Modified of the redirect to the main page, Special:Redirect"),
]
#: Such as ``1.45 edits-6``.
NOT_MODELLED = {
    f"{version} {file}-{number}"
    for versions, file, numbers, _ in _ENTRIES
    for version in versions.split()
    for number in numbers.split()
}
