"""A service that takes files as Google's do, whole or piece by piece."""

import email
import re

from tests.servers import DROP, answer

from .conftest import in_json


class Uploads:
    """A handler for :class:`tests.servers.Server`.

    Attributes:
        files: What has arrived whole, newest last.
        kept: What has arrived of the file that comes piece by piece.
        lost: How many answers to pieces get lost, each after its piece was kept.
        failing: With how many 503s pieces are answered first.
    """

    def __init__(self):
        self.files = []
        self.kept = b""
        self.lost = self.failing = 0

    def __call__(self, received):
        if "uploadType=multipart" in received.target:
            # Not by email's parser: the file is binary, and apitools quotes the boundary by other signs.
            boundary = re.search("boundary=[\"']?([^\"']+)", received.headers["content-type"])[1]
            _, _, media, _ = received.body.split(f"--{boundary}".encode())
            return self._done(re.split(rb"\r?\n\r?\n", media, maxsplit=1)[1].removesuffix(b"\n"))
        if received.method == "POST":
            return answer(Location=f"http://{received.headers['host']}/upload/files?upload_id=a%20b")
        piece = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", received.headers["content-range"])
        if piece[1] is not None:
            if self.failing:
                self.failing -= 1
                return answer("busy", "503 Service Unavailable")
            assert int(piece[1]) == len(self.kept), "a piece was sent twice, or left out"
            self.kept += received.body
            if self.lost:
                self.lost -= 1
                return DROP
        if str(len(self.kept)) == piece[2]:
            return self._done(self.kept)
        return answer("", "308 Resume Incomplete", **({"Range": f"bytes=0-{len(self.kept) - 1}"} if self.kept else {}))

    def _done(self, content):
        self.files.append(content)
        return in_json({"size": len(content)})


def batch_answer(received):
    """Answer a batch: each request in it is told its first line and how long its body is."""
    content_type = f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode()
    parts = []
    for part in email.message_from_bytes(content_type + received.body).get_payload():
        head, _, body = part.get_payload().partition("\n\n")
        identity = part["Content-ID"].replace("<", "<response-", 1)
        lines = ["--b", "Content-Type: application/http", f"Content-ID: {identity}", "", "HTTP/1.1 200 OK"]
        told = f'{{"name": "{head.splitlines()[0]}", "size": {len(body)}}}'
        parts.append("\r\n".join([*lines, "Content-Type: application/json", "", told]))
    return answer("\r\n".join([*parts, "--b--", ""]), Content_Type="multipart/mixed; boundary=b")
