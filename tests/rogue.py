"""A server that answers with any bytes, for the tests of what a real endpoint may do wrong."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from socketserver import ThreadingTCPServer

from serving import CERT, KEY

from ims_mock.endpoint.endpoint import connect
from ims_mock.options import RemoteOptions


class RogueServer(ThreadingTCPServer):
    """A server whose answer to each request is written by a function."""

    def __init__(self, write, tls, host):
        super().__init__((host, 0), None)
        self.heads = []  # the request lines and headers so far
        self.released = threading.Event()  # set when the server is stopped
        self._write, self._tls = write, tls
        self.url = f"{'https' if tls else 'http'}://{host}:{self.server_address[1]}"

    def finish_request(self, request, client_address):
        with suppress(OSError), self._tls.wrap_socket(request, server_side=True) if self._tls else request as one:
            head = b""
            while b"\r\n\r\n" not in head and head[:1] != b"\x16" and (data := one.recv(65536)):
                head += data
            self.heads.append(head.decode("latin-1"))
            answer = self._write(self, len(self.heads))
            for piece in [answer] if isinstance(answer, bytes) else answer:
                one.sendall(piece)
            one.shutdown(socket.SHUT_WR)
            while one.recv(65536):
                pass

    @property
    def targets(self):
        return [head.split()[1] for head in self.heads]


@contextmanager
def rogue(write, tls=None, host="127.0.0.1"):
    """Run a server; ``write`` returns the answer to a request as bytes or pieces, given the server and its number."""
    with RogueServer(write, tls, host) as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()


def tls_context():
    """Return a context with the certificate of the tests, which is for localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERT, KEY)
    return context


def response(body=b"{}", status="200 OK", *headers):
    """Return a response."""
    body = body if isinstance(body, bytes) else body.encode()
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def open_endpoint(server, **options):
    """Connect to a server with a short timeout."""
    return connect(RemoteOptions(**{"url": server.url, "timeout": 1.0, **options}))
