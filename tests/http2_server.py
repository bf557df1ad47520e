"""A real HTTP/2 server on loopback, over TLS, on hyper's h2; it answers what handlers of :mod:`tests.servers` do."""

import contextlib
import select
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from .reference import Received
from .servers import DROP, Server, close


class Http2Server(Server):
    """A :class:`Server` that speaks HTTP/2 with whoever asks for it, several requests at once over one connection.

    Its TLS must offer ``h2``, with or without ``http/1.1``.
    """

    def _converse(self, connection) -> None:
        if connection.selected_alpn_protocol() != "h2":
            super()._converse(connection)
        else:
            with contextlib.suppress(ValueError):  # It was closed while select() was about to wait for it.
                _Conversation(self, connection).run()


class _Conversation:
    def __init__(self, server: Http2Server, connection) -> None:
        self.server = server
        self.connection = connection
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        # A TLS connection is not to be read and written by two threads at once.
        self.changed = threading.Condition()
        self.streams: dict[int, tuple[dict[str, str], bytearray]] = {}

    def run(self) -> None:
        self.state.initiate_connection()
        self._flush()
        while True:
            if not self.connection.pending():
                select.select([self.connection], [], [])
            with self.changed:
                if not (data := self.connection.recv(65536)):
                    return
                for event in self.state.receive_data(data):
                    self._follow(event)
                self._flush()
                self.changed.notify_all()

    def _follow(self, event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self.streams[event.stream_id] = (dict(event.headers), bytearray())
        elif isinstance(event, h2.events.DataReceived):
            self.streams[event.stream_id][1].extend(event.data)
            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if isinstance(event, h2.events.StreamEnded):
            headers, body = self.streams.pop(event.stream_id)
            threading.Thread(target=self._answer, args=(event.stream_id, headers, bytes(body)), daemon=True).start()

    def _answer(self, stream: int, headers: dict[str, str], body: bytes) -> None:
        own = {name: value for name, value in headers.items() if not name.startswith(":")}
        own["host"] = headers[":authority"]
        received = Received("https", headers[":method"], headers[":path"], own, body)
        self.server.received.append(received)
        answer = self.server.handler(received)
        with contextlib.suppress(OSError, h2.exceptions.ProtocolError):
            if answer is DROP:
                close(self.connection)
                return
            head, _, content = answer.partition(b"\r\n\r\n")
            status, *lines = head.decode("latin-1").split("\r\n")
            pairs = [line.split(": ", 1) for line in lines]
            fields = [(":status", status.split()[1]), *((name.lower(), value) for name, value in pairs)]
            self._send(stream, fields, content)

    def _send(self, stream: int, fields: list[tuple[str, str]], content: bytes) -> None:
        with self.changed:
            self.state.send_headers(stream, fields, end_stream=not content)
            while content:
                room = min(self.state.local_flow_control_window(stream), self.state.max_outbound_frame_size)
                if not room:
                    self.changed.wait(10)
                    continue
                self.state.send_data(stream, content[:room], end_stream=len(content) <= room)
                content = content[room:]
            self._flush()

    def _flush(self) -> None:
        if data := self.state.data_to_send():
            self.connection.sendall(data)
