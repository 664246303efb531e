"""An HTTP server on this machine that answers as it is told to, and remembers what it got."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """`answers`: what the next requests get, (code, headers, body) or a name of what it does; the last one stays."""

    def __init__(self, *answers):
        self.answers = list(answers) or [(200, {}, b"ok")]
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.got.append((self.path, dict(self.headers), body))
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                getattr(self, answer)() if isinstance(answer, str) else self.answer(*answer)

            def do_GET(self):
                outer.got.append((f"GET {self.path}", dict(self.headers), b""))
                self.answer(200, {}, b"got")

            def answer(self, code, headers, body):
                self.send_response(code)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def hang(self):
                outer.over.wait(60)

            def drip(self):
                """A byte now and then: no single step takes long."""
                self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
                while not outer.over.wait(0.05):
                    try:
                        self.wfile.write(b"x")
                        self.wfile.flush()
                    except OSError:
                        return

            def flood(self):
                self.send_response(200)
                self.end_headers()
                try:
                    while not outer.over.is_set():
                        self.wfile.write(b"x" * 65536)
                except OSError:
                    return

            def break_off(self):
                self.wfile.write(b"HTT")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
