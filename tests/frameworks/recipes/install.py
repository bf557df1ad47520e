import sys

from httplib2_oauthlib import OAuth1, install


def main(root, host):
    # For this host only: install() applies to the whole process.
    install({host: OAuth1.from_env()})

    # Imported afterwards: what it derives from httplib2.Http is ours then.
    from lazr.restfulclient.resource import ServiceRoot

    service = ServiceRoot(None, root, timeout=30)
    print(service.me.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
