import sys

from httplib2_oauthlib import OAuth1, install


def main(root, host):
    # Only this host sees a signature: install() counts in the whole process.
    install({host: OAuth1.from_env()})

    # Imported afterwards, so that what it derives from httplib2.Http derives from ours.
    from lazr.restfulclient.resource import ServiceRoot

    service = ServiceRoot(None, root, timeout=30)
    print(service.me.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
