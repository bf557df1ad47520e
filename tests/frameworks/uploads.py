"""A service that receives files like Google's, whole or in pieces."""

import email
import re

from tests.servers import DROP, answer

from .conftest import in_json


class Uploads:
    """A handler for :class:`tests.servers.Server`.

    Attributes:
        files: The complete files, newest last.
        kept: The received bytes of the file that arrives in pieces.
        lost: The number of responses to lose. The piece itself is kept.
        failing: The number of pieces to refuse with 503 first.
    """

    def __init__(self):
        self.files = []
        self.kept = b""
        self.lost = self.failing = 0

    def __call__(self, received):
        if "uploadType=multipart" in received.target:
            # email's parser can't be used: the file is binary, and apitools quotes the boundary in another way.
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
    """Respond to a batch with the first line and the length of the body of each request."""
    content_type = f"Content-Type: {received.headers['content-type']}\r\n\r\n".encode()
    parts = []
    for part in email.message_from_bytes(content_type + received.body).get_payload():
        head, _, body = part.get_payload().partition("\n\n")
        identity = part["Content-ID"].replace("<", "<response-", 1)
        lines = ["--b", "Content-Type: application/http", f"Content-ID: {identity}", "", "HTTP/1.1 200 OK"]
        told = f'{{"name": "{head.splitlines()[0]}", "size": {len(body)}}}'
        parts.append("\r\n".join([*lines, "Content-Type: application/json", "", told]))
    return answer("\r\n".join([*parts, "--b--", ""]), Content_Type="multipart/mixed; boundary=b")
