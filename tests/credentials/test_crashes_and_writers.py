"""Crashes during a write, and several writers at once."""

import multiprocessing
import os
import signal
import threading

import pytest
from filelock import FileLock

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.credentials import FileStore

from .credential_files import ALICE, BOB, HOST, on_posix, refusal

can_remove_open_files = pytest.mark.skipif(os.name == "nt", reason="Windows can't remove a file that is open")

# -- the file: crashes


class PowerCutError(BaseException):
    """An error that only clean-up code catches: like KeyboardInterrupt, it isn't an Exception."""


@pytest.mark.parametrize("name", ["fsync", "replace", pytest.param("fdopen", marks=can_remove_open_files)])
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), PowerCutError()], ids=lambda e: type(e).__name__
)
def test_a_crash_during_a_write_leaves_only_the_old_file(store, monkeypatch, name, error):
    store.save(HOST, ALICE)
    before = store.path.read_bytes()
    listing = sorted(path.name for path in store.path.parent.iterdir())

    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, name, fail)
        if isinstance(error, OSError):
            assert "No space left on device" in refusal(store.save, HOST, BOB)
        else:
            with pytest.raises(PowerCutError):
                store.save(HOST, BOB)
    assert store.path.read_bytes() == before
    assert sorted(path.name for path in store.path.parent.iterdir()) == listing
    store.save(HOST, BOB)
    assert store.get(HOST) == BOB


@on_posix
def test_the_file_is_synced_before_and_the_directory_after_the_replacement(store, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(os.fstat(handle).st_ino) or fsync(handle))
    monkeypatch.setattr(os, "replace", lambda *names: replace(*names) or done.append("replaced"))
    store.save(HOST, ALICE)
    assert done == [store.path.stat().st_ino, "replaced", store.path.parent.stat().st_ino]


@on_posix
def test_a_reader_sees_the_old_or_the_new_file(store):
    long = OAuth1("alice", "x" * 100_000)
    store.save(HOST, long)
    is_over = threading.Event()

    def rewrite():
        for number in range(30):
            store.save(HOST, OAuth1(f"alice{number}", "x" * 100_000))
        is_over.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = []
    while not is_over.is_set():
        seen.append(store.get(HOST))
    writer.join()
    assert len(seen) > 1
    assert {len(oauth.client_secret) for oauth in seen} == {100_000}


@on_posix
@pytest.mark.parametrize("next_write", ["save", "delete", "delete of a host that isn't there"])
def test_the_temporary_file_of_a_killed_writer_is_removed_by_the_next_one(store, next_write):
    store.save(HOST, ALICE)

    def is_killed():
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        store.save("other.example", BOB)

    writer = multiprocessing.get_context("fork").Process(target=is_killed)
    writer.start()
    writer.join()
    (left,) = store.path.parent.glob(".*.tmp")
    assert b"canary-4" in left.read_bytes()
    if next_write == "save":
        store.save(HOST, ALICE)
    else:
        store.delete(HOST if next_write == "delete" else "other.example")
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["credentials.ini", "credentials.ini.lock"]


def test_files_with_other_names_are_not_removed(store):
    store.save(HOST, ALICE)
    names = [".credentials.ini.tmp", ".credentials.ini.backup.tmp", ".other.ini.abcdefgh.tmp", "credentials.ini.tmp"]
    for name in names:
        (store.path.parent / name).write_text("mine")
    store.save(HOST, BOB)
    assert all((store.path.parent / name).read_text() == "mine" for name in names)


# -- the file: writers at the same time


@pytest.mark.parametrize("writers", [3, pytest.param(8, marks=pytest.mark.slow)])
def test_processes_writing_at_the_same_time_lose_nothing(store, writers):
    jobs = [(f"h{host}.w{writer}.example", OAuth1(f"{writer}")) for writer in range(writers) for host in range(10)]
    with multiprocessing.get_context("spawn").Pool(writers) as pool:
        pool.starmap(store.save, jobs, chunksize=10)
    assert store.load() == dict(jobs)


def test_threads_writing_at_the_same_time_lose_nothing(store):
    jobs = [[(f"h{host}.w{writer}.example", OAuth1(f"{writer}")) for host in range(5)] for writer in range(8)]
    threads = [threading.Thread(target=lambda job=job: [store.save(*each) for each in job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.load() == {host: oauth for job in jobs for host, oauth in job}


def test_a_lock_held_for_too_long_raises_an_error_with_advice(store):
    store.save(HOST, ALICE)
    impatient = FileStore(store.path, timeout=0.05)
    with FileLock(f"{store.path}.lock"):
        failed = []
        # The writer runs in another thread, because filelock rejects a second lock in the same thread.
        thread = threading.Thread(target=lambda: failed.append(refusal(impatient.save, HOST, BOB)))
        thread.start()
        thread.join(5)
        assert impatient.get(HOST) == ALICE
    assert "another program has held" in failed[0]
    assert "0.05 seconds; try again" in failed[0]
    impatient.save(HOST, BOB)
