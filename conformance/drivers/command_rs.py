"""Drives any resource server that is a command: it is told where to listen, and is ready once it does.

In the command ``{port}`` stands for the port of loopback that it is to listen at, ``{url}`` for its resource as clients
know it (a proxy is there), ``{origin}`` and ``{path}`` for the parts of that, ``{issuer}``, ``{jwks}`` and
``{introspection}`` for its AS, the keys of that and where it tells of tokens, ``{client_id}`` and ``{client_secret}``
for what to authenticate with there, and ``{scope}`` for what a token needs.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time

from job import received, say


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def wait_for(port, served):
    """Whether somebody listens at a port before the process ends."""
    while served.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def serve(command, port, tls=False, **options):
    """Start a command that listens at a port, say so, and stay until it ends."""
    served = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, **options)
    if not wait_for(port, served):
        raise SystemExit(f"Error: it ended with exit code {served.returncode}")
    say(ready=True, port=port, tls=tls)
    raise SystemExit(served.wait())


def main():
    job = received()
    command, folder = json.loads(os.environ["OPENWORLD_COMMAND"])
    told = {**job, "port": str(free_port())}
    filled = [re.sub(r"\{(\w+)\}", lambda name: told.get(name[1], name[0]), word) for word in command]
    serve(filled, int(told["port"]), cwd=folder)


if __name__ == "__main__":
    main()
