"""HTTPS: certificates, and connections that are encrypted in the same event loop as all others."""

import logging
import ssl
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from ims_mock.server.http import Channel
from ims_mock.text import printable

_WOULD_BLOCK: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_log = logging.getLogger("ims_mock")


class CertificateError(Exception):
    """A certificate or its key is not usable; the message names the file and the reason."""


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return the TLS context of a server, given the paths of its certificate chain and private key in PEM."""
    for path in (certificate, key):
        try:
            Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CertificateError(f"{printable(path)}: cannot be read: {reason}") from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(certificate)
    except ssl.SSLError:
        raise CertificateError(f"{printable(certificate)}: no certificate found; it must be in PEM") from None
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")  # the default asks for it on the terminal
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{printable(key)}: not the key of {printable(certificate)}") from None
        legal = "it must be a private key in PEM, without a passphrase"
        raise CertificateError(f"{printable(key)}: no usable key found; {legal}") from None
    return context


class _IncompleteRecordError(Exception):
    """An encrypted record has not arrived completely. It is no ``OSError``, after which waitress would disconnect."""


class TLSChannel(Channel):
    """An encrypted connection. The handshake happens while reading, so that a client slow at it blocks no other."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ssl_lock = Lock()  # the event loop reads while a worker writes; an SSL object allows only one at a time
        super().__init__(*args, **kwargs)

    def handle_read(self) -> None:
        """Read what has arrived, if it is a complete record."""
        with suppress(_IncompleteRecordError):
            super().handle_read()

    def recv(self, size: int) -> bytes:
        """Return decrypted bytes, or none if the client has disconnected or does not speak TLS."""
        data = b""
        try:
            with self._ssl_lock:
                data = self.socket.recv(size)
        except _WOULD_BLOCK:
            raise _IncompleteRecordError from None
        except ssl.SSLError as error:
            reason = (error.reason or "unknown").replace("_", " ").lower()
            _log.info("TLS with the client at %s failed: %s", self.addr[0], reason)
        except OSError:
            pass
        if not data:
            self.handle_close()
        return data

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what can be sent without blocking, and return the number of bytes."""
        try:
            with self._ssl_lock:
                sent: int = self.socket.send(data)
                return sent
        except _WOULD_BLOCK:
            return 0
        except OSError:
            if do_close:
                self.handle_close()
            return 0

    def end_output(self) -> None:
        """Send TLS's own end mark first, so that the client knows that nothing was cut off."""
        with suppress(OSError), self._ssl_lock:  # fails because the client's end mark is not awaited
            self.socket.unwrap()
        super().end_output()
