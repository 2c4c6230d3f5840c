"""The socket to listen on, bound before anything slow is opened, and its address as a person types it."""

import socket

from chains.errors import HopdeskError


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address; raises `HopdeskError` with a sentence where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise HopdeskError(
            f"Cannot listen on {host} port {port} ({error.strerror}); choose another with --host and --port."
        ) from None


def address_of(listening: socket.socket) -> str:
    """The URL at which a socket is reached from this machine."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - looked at, not bound to
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
