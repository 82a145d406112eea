"""A local server of models, and how to make openai-whisper's list name it.

Purpose: ``Shop`` serves one file in several manners (whole, cut off, wrong, late); ``listing``
writes a folder that, on PYTHONPATH, adds models to whisper's own table in every program that
imports it, so that the programs under test need no door of their own for it.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

Manner = Literal["whole", "cut", "wrong", "missing", "half", "unmeasured"]
WAIT_SECONDS = 60.0

SITE = """
import importlib.util, json, sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class More(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "whisper":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("whisper")
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            table = Path(__file__).with_name("models.json")
            module._MODELS.update(json.loads(table.read_text()))

        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, More())
"""


class Shop:
    """Serves ``content`` under any path, in ``manner``."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.manner: Manner = "whole"
        self.asked = 0
        self.gate = threading.Event()
        """What "half" waits for after the first half."""
        self.address = ""

    @property
    def sha256(self) -> str:
        """The checksum of what it should serve."""
        return hashlib.sha256(self.content).hexdigest()

    def url(self, name: str) -> str:
        """The address in whisper's manner: the checksum is the folder."""
        return f"{self.address}/{self.sha256}/{name}.pt"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.asked += 1
        if self.manner == "missing":
            handler.send_error(503)
            return
        wrong = self.manner == "wrong"
        content = self.content[::-1] if wrong else self.content
        handler.send_response(200)
        if self.manner != "unmeasured":
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        middle = len(content) // 2
        handler.wfile.write(content[:middle])
        handler.wfile.flush()
        if self.manner == "cut" or (self.manner == "half" and not self.gate.wait(WAIT_SECONDS)):
            return
        handler.wfile.write(content[middle:])


@contextmanager
def open_shop(content: bytes) -> Iterator[Shop]:
    """Serve on the loopback."""
    shop = Shop(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shop.answer(self)

        def log_message(self, *_: object) -> None:
            """Be quiet."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                return  # the customer has gone

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shop.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield shop
        finally:
            shop.gate.set()
            server.shutdown()


def listing(folder: Path, models: dict[str, str]) -> Path:
    """Write the folder that makes ``models`` (name -> address) official."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(SITE)
    (folder / "models.json").write_text(json.dumps(models))
    return folder
