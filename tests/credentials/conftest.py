"""Fixtures for the credential stores."""

import os

import pytest

from httplib2_oauthlib.credentials import FileStore


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "kept" / "credentials.ini")


@pytest.fixture
def another_users(monkeypatch):
    """Give a file to another user. Without the permission to do so, change the effective user instead."""

    def give(path):
        if os.geteuid() == 0:
            os.chown(path, 12345, -1)
        else:
            uid = os.geteuid() + 1
            monkeypatch.setattr(os, "geteuid", lambda: uid)
        return path

    return give
