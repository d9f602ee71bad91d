"""A chat service on this machine that answers as a test wants it."""

import contextlib
import http.server
import json
import threading


class Service:
    """`reply(number, request)` gives the status and the body, or "silence"; requests are kept."""

    def __init__(self, reply):
        self.reply = reply
        self.requests, self.headers, self.paths = [], [], []
        self.closing = threading.Event()

    def text_of(self, number):
        return self.requests[number]["messages"][1]["content"][0]["text"]


def content(value):
    """A good response whose message is the value as JSON, or a text as it is."""
    text = value if isinstance(value, str) else json.dumps(value)
    return 200, json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]})


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        service = self.server.service
        body = self.rfile.read(int(self.headers["Content-Length"]))
        number = len(service.requests)
        service.requests.append(json.loads(body))
        service.headers.append(dict(self.headers))
        service.paths.append(self.path)
        reply = service.reply(number, service.requests[-1])
        if reply == "silence":
            service.closing.wait()
            return
        status, text = reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def serve(reply):
    """The service and its address."""
    service = Service(reply)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.service = service
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield service, f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        service.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
