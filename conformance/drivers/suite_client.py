"""The client command that the published suite calls with a URL: it hands the URL to one of our drivers.

``OPENWORLD_DRIVER`` says which, as a JSON list. The exit code says whether the driver got through. Our own scenarios
say how many calls are to be made.
"""

import json
import os
import subprocess
import sys

from command_rs import free_port


def main():
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
    job = {
        "url": sys.argv[-1],
        "callback": f"http://127.0.0.1:{free_port()}/callback",
        "calls": context.get("calls", 1),
        "patience": 10,
        "document": "https://conformance-test.local/client-metadata.json",
    }
    driver = subprocess.Popen(
        json.loads(os.environ["OPENWORLD_DRIVER"]), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    driver.stdin.write(json.dumps(job) + "\n")
    driver.stdin.flush()  # and left open: a driver ends when it closes
    said = next((line for line in driver.stdout if '"done"' in line), "{}")
    driver.kill()
    print(said)
    sys.exit(0 if json.loads(said).get("done") else 1)


if __name__ == "__main__":
    main()
