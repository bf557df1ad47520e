"""A change to one section leaves the rest of the file unchanged."""

from httplib2_oauthlib import OAuth1

from .credential_files import ALICE, HOST, refusal, section, write

BY_HAND = b"""\
# The file's comment, latin-1: \xe9
;
[a.example]
# first, see Special:OAuthConsumerRegistration
client_key = alice
  # second
client_secret: canary
realm = old

# about b
[B.example]
  client_key   =   bob
  client_secret = "canary\\n"
  resource_owner_key = several
     lines

[c.example]
client_key = c
# the end"""


def test_changing_a_section_leaves_the_rest_unchanged(store):
    write(store.path, BY_HAND)
    store.save("a.example", OAuth1("new", "canary-new"))
    assert store.path.read_bytes() == BY_HAND.replace(
        b"client_key = alice\n  # second\nclient_secret: canary\nrealm = old\n",
        b"client_key = new\n  # second\nclient_secret = canary-new\n",
    ) + b"\n"  # fmt: skip


def test_changing_a_section_in_capitals_keeps_its_header(store):
    write(store.path, BY_HAND)
    store.save("b.example", OAuth1("new"))
    start, end = BY_HAND.index(b"  client_key   ="), BY_HAND.index(b"\n[c.example]")
    assert store.path.read_bytes() == BY_HAND[:start] + b"client_key = new\n" + BY_HAND[end:] + b"\n"


def test_a_new_section_is_added_at_the_end(store):
    write(store.path, BY_HAND)
    store.save("d.example", OAuth1("d"))
    assert store.path.read_bytes() == BY_HAND + b"\n\n[d.example]\nclient_key = d\n"


def test_deleting_a_section_leaves_the_rest_unchanged(store):
    write(store.path, BY_HAND)
    store.delete("a.example")
    start, end = BY_HAND.index(b"[a.example]"), BY_HAND.index(b"# about b")
    assert store.path.read_bytes() == BY_HAND[:start] + BY_HAND[end:] + b"\n"


def test_saving_the_same_credentials_does_not_write_the_file(store):
    store.save(HOST, ALICE)
    before = store.path.stat()
    store.save(HOST, ALICE)
    after = store.path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_section_with_an_indented_header_is_edited(store):
    text = f"\n  {section(HOST)}"
    write(store.path, text)
    assert store.get(HOST) == OAuth1("alice", "canary")
    store.save(HOST, OAuth1("bob", "canary"))
    assert store.path.read_text() == text.replace("alice", "bob")
    store.delete(HOST)
    assert store.path.read_text() == "\n"


def test_an_indented_header_below_is_not_removed_with_the_section_above(store):
    text = f"{section('a.example')}\n  {section('b.example')}"
    write(store.path, text)
    store.delete("a.example")
    assert store.load() == {"b.example": OAuth1("alice", "canary")}
    assert store.path.read_text() == f"  {section('b.example')}"


def test_an_edit_that_would_damage_another_section_is_refused(store):
    """An indented header below a new key would become the second line of its value."""
    text = f"[a.example]\n  {section('b.example')}"
    write(store.path, text)
    assert "edit the file by hand" in refusal(store.save, "a.example", ALICE)
    assert store.path.read_text() == text


def test_changing_one_key_leaves_the_others_as_they_are_written(store):
    text = f'[{HOST}]\nclient_key: "alice"\nclient_secret   =canary-1\n'
    write(store.path, text)
    store.save(HOST, OAuth1("alice", "canary-2", realm="r"))
    assert store.path.read_text() == f'[{HOST}]\nclient_key: "alice"\nclient_secret = canary-2\nrealm = r\n'
