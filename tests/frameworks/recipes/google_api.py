from googleapiclient.discovery import build_from_document

from httplib2_oauthlib import OAuth1Http


def service_of(document, oauth):
    http = OAuth1Http(timeout=30, oauth=oauth)
    # As googleapiclient's own Http has it: 308 says how much of an upload has arrived, and redirects nowhere.
    http.redirect_codes -= {308}
    return build_from_document(document, http=http)
