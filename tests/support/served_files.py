"""Files served over HTTP on this computer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server with this request handler."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def served(folder: Path) -> AbstractContextManager[str]:
    """The address of a server of the folder's files."""
    return serving(partial(Quiet, directory=str(folder)))


def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> AbstractContextManager[str]:
    """The address of a server that answers every GET with this function."""
    return serving(type("Answering", (Quiet,), {"do_GET": answer}))
