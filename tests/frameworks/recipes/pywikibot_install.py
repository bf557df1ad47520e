from httplib2_oauthlib import install


def import_signed(host, oauth):
    # For this host only: install() counts in the whole process.
    install({host: oauth})

    # Pywikibot makes its Http when it is imported.
    from pywikibot.comms import http

    return http
