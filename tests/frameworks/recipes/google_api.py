from googleapiclient.discovery import build_from_document

from httplib2_oauthlib import OAuth1Http


def service_of(document, oauth):
    http = OAuth1Http(timeout=30, oauth=oauth)
    # As in googleapiclient's own Http: of an upload, 308 says how much
    # of it has arrived, and redirects nowhere.
    http.redirect_codes -= {308}
    return build_from_document(document, http=http)
