"""SIGTERM to a real server, with a request in flight and a connection without one."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import pytest


@pytest.fixture
def server(env):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "app"], env=os.environ | env | {"PORT": str(port), "WORKERS": "2"})
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/api/health")
            assert connection.getresponse().status == 200
            break
        except OSError:
            time.sleep(0.1)
    yield process, port
    process.kill()
    process.wait()


def test_finishes_what_is_in_flight_closes_what_is_idle_and_accepts_nothing_more(server):
    process, port = server
    idle = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    idle.request("GET", "/api/health")
    assert idle.getresponse().read()
    flying = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    # Only a part of the body: it waits for the rest.
    flying.putrequest("POST", "/api/items")
    flying.putheader("Content-Type", "application/json")
    flying.putheader("Content-Length", "13")
    flying.putheader("Expect", "100-continue")
    flying.endheaders()
    # Sent once the application has begun to read: so the request is in flight.
    assert flying.sock.recv(1_024).startswith(b"HTTP/1.1 100 ")

    process.send_signal(signal.SIGTERM)
    assert idle.sock.recv(1) == b""  # closed by the server
    assert refuses(port)
    assert process.poll() is None
    flying.send(b'{"text": null')
    answer = flying.getresponse()
    assert (answer.status, answer.getheader("Connection")) == (422, "close")
    assert process.wait(10) == 0


def refuses(port: int) -> bool:
    """Within five seconds: the parent process looks at its signals twice a second."""
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            # Accepted by the kernel, and by nobody else.
            pass
        time.sleep(0.05)
    return False
