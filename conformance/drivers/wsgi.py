"""Serves a WSGI application on a free port of loopback, and says which."""

import os
import tempfile
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from job import at, received, say


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def serve(make):
    """Serve what is made for a job, the issuer that it is about or, as a server, to be, and a folder to keep things in.

    That loopback speaks no TLS is told to the libraries that ask for it.
    """
    job = received()
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        served = make_server("127.0.0.1", 0, None, Server, Quiet)
        issuer = at(job, served.server_port)
        served.set_app(make(job, issuer, folder))
        say(ready=True, port=served.server_port, issuer=issuer)
        served.serve_forever()
