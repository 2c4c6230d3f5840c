"""A shop's service on this machine, for tests of what reads over HTTP."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class HttpShop:
    """Where the service listens, and the request targets that it was asked, as they came over the wire."""

    base: str
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def json_answer(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[HttpShop]:
    class Handler(BaseHTTPRequestHandler):
        shop: ClassVar[HttpShop]

        def do_GET(self) -> None:
            self.shop.asked.append(self.path)
            self.shop.headers.append(dict(self.headers.items()))
            with contextlib.suppress(OSError):  # the reader may hang up first
                answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Handler.shop = HttpShop(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Handler.shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
