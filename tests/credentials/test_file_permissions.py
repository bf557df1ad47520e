"""Modes, owners and symbolic links of the credential file."""

import os
import socket
import subprocess

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.credentials import FileStore

from .credential_files import ALICE, BOB, HOST, on_posix, refusal, section, write


@on_posix
def test_the_file_its_lock_and_its_new_directory_are_private(store):
    mask = os.umask(0)
    try:
        store.save(HOST, ALICE)
    finally:
        os.umask(mask)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in store.path.parent.iterdir()} == {
        "credentials.ini": "0o600",
        "credentials.ini.lock": "0o600",
    }
    assert oct(store.path.parent.stat().st_mode & 0o777) == "0o700"
    store.save(HOST, BOB)
    assert oct(store.path.stat().st_mode & 0o777) == "0o600"


@on_posix
def test_an_existing_directory_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    FileStore(tmp_path / "c.ini").save(HOST, ALICE)
    assert oct(tmp_path.stat().st_mode & 0o777) == "0o755"


@on_posix
@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o644, 0o666, 0o777], ids=oct)
def test_a_file_open_to_others_is_rejected_with_a_fix(tmp_path, mode):
    store = FileStore(write(tmp_path / "it's mine.ini", section(HOST), mode))
    for work in (store.load, lambda: store.get(HOST), lambda: store.delete(HOST), lambda: store.save(HOST, ALICE)):
        message = refusal(work)
    assert store.path.read_text() == section(HOST)
    subprocess.run(message.partition("with: ")[2], shell=True, check=True)
    assert store.get(HOST) == OAuth1("alice", "canary")


@on_posix
def test_a_file_of_another_user_is_rejected(store, another_users):
    store.save(HOST, ALICE)
    another_users(store.path)
    for work in (store.load, lambda: store.save(HOST, BOB)):
        assert "chown" in refusal(work)


@on_posix
@pytest.mark.parametrize("kind", ["pipe", "socket", "directory"])
@pytest.mark.timeout(10)
def test_what_is_not_a_regular_file_is_rejected_without_waiting(tmp_path, kind):
    path = tmp_path / "credentials.ini"
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "pipe":
            os.mkfifo(path, 0o600)
        elif kind == "directory":
            path.mkdir()
        else:
            listener.bind(str(path))
        for work in (FileStore(path).load, lambda: FileStore(path).save(HOST, ALICE)):
            assert f"{path} can't be read: " in refusal(work)


@on_posix
def test_a_symbolic_link_is_followed_and_not_replaced(tmp_path):
    target = tmp_path / "dotfiles" / "credentials.ini"
    link = tmp_path / "credentials.ini"
    link.symlink_to(target)
    store = FileStore(link)
    assert store.load() == {}
    store.save(HOST, ALICE)
    store.save("b.example", BOB)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert store.load() == FileStore(target).load() == {HOST: ALICE, "b.example": BOB}
    target.chmod(0o644)
    assert "chmod" in refusal(store.load)
