"""HTTPS with a given certificate: connections whose bytes are encrypted, in the same loop and threads as all others."""

from __future__ import annotations

import logging
import ssl
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from ims_mock.contract.values import printable
from ims_mock.server.http import Channel

_NOT_YET: Final = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
_log = logging.getLogger("ims_mock")


class CertificateError(Exception):
    """A certificate, or its key, is of no use; the message says which file and why."""


def encryption(certificate: str, key: str) -> ssl.SSLContext:
    """Make what encrypts the connections of a server.

    Args:
        certificate: the file with the certificate, and with those between it and its root, in PEM.
        key: the file with its private key, in PEM and without a passphrase.

    Raises:
        CertificateError: one of them cannot be read, holds something else, or does not belong to the other.
    """
    for path in (certificate, key):
        try:
            Path(path).read_bytes()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CertificateError(f"{printable(path)}: cannot be read: {reason}") from None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_alpn_protocols(["http/1.1"])
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(certificate)
    except ssl.SSLError:
        raise CertificateError(f"{printable(certificate)}: holds no certificate; legal is one in PEM") from None
    try:
        made.load_cert_chain(certificate, key, password=lambda: "")  # without, the terminal would be asked for one
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateError(f"{printable(key)}: is not the key of {printable(certificate)}") from None
        legal = "a private key in PEM, without a passphrase"
        raise CertificateError(f"{printable(key)}: holds no key that can be used; legal is {legal}") from None
    return made


class _NothingYet(Exception):
    """A part of something encrypted has come, and more of it is awaited."""


class SecureChannel(Channel):
    """An encrypted connection to a client.

    The handshake is made whenever there is something to read, so that nobody waits for a client that is slow at it, or
    does not know that there is one. A read takes all that is decrypted, because it takes more than fits into a record.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        self._turn = Lock()  # the loop reads while a worker writes, and the library can do only one of them at a time
        super().__init__(*given, **named)

    def handle_read(self) -> None:
        """Take what has come, if it makes a whole."""
        with suppress(_NothingYet):
            super().handle_read()

    def recv(self, size: int) -> bytes:
        """Give what has come, decrypted; nothing when the client has left, or speaks something else."""
        data = b""
        try:
            with self._turn:
                data = self.socket.recv(size)
        except _NOT_YET:
            raise _NothingYet from None
        except ssl.SSLError as error:
            reason = (error.reason or "unknown").replace("_", " ").lower()
            _log.info("a client at %s speaks no TLS that is understood: %s", self.addr[0], reason)
        except OSError:
            pass
        if not data:
            self.handle_close()
        return data

    def send(self, data: bytes, do_close: bool = True) -> int:
        """Send what can be sent now, and tell how many bytes that were."""
        try:
            with self._turn:
                sent: int = self.socket.send(data)
                return sent
        except _NOT_YET:
            return 0
        except OSError:
            if do_close:
                self.handle_close()
            return 0

    def say_goodbye(self) -> None:
        """Tell the client that this was all, so that it can be sure that nobody cut it off."""
        with suppress(OSError), self._turn:  # its own goodbye is not waited for
            self.socket.unwrap()
        super().say_goodbye()
