import json
import logging

import pytest
from fastapi.testclient import TestClient

from app.logs import JsonFormatter
from app.main import create


@pytest.fixture
def client(settings):
    with TestClient(create(settings), raise_server_exceptions=False) as client:
        yield client


class Lines(logging.Handler):
    """What is logged, as it is formatted."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[dict] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines():
    handler = Lines()
    log = logging.getLogger("app")
    log.addHandler(handler)
    log.setLevel("INFO")
    yield handler.lines
    log.removeHandler(handler)


def test_lives_without_a_database(client):
    answer = client.get("/api/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "version": "unknown"})


def test_is_not_ready_without_a_database_and_says_no_secret(client, lines):
    answer = client.get("/api/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "does not answer", "cache": "does not answer"}
    assert "hidden" not in json.dumps(lines)


def test_answers_with_the_request_id_that_it_was_given_and_logs_it(client, lines):
    answer = client.post("/api/items", json={}, headers={"X-Request-Id": "from-the-proxy"})
    assert answer.headers["X-Request-Id"] == "from-the-proxy"
    assert [(line["request_id"], line["method"], line["path"], line["status"]) for line in lines] == [
        ("from-the-proxy", "POST", "/api/items", 422)
    ]


@pytest.mark.parametrize("given", ["", "a" * 129, 'quote"', "two words"])
def test_makes_an_id_where_it_gets_none_that_it_can_log(client, given):
    made = client.get("/api/health", headers={"X-Request-Id": given}).headers["X-Request-Id"]
    assert made != given and len(made) == 32


def test_an_answer_without_a_database_is_json_with_the_id_and_the_reason_is_in_the_log(client, lines):
    answer = client.get("/api/items")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "The server failed.", "request_id": answer.headers["X-Request-Id"]}
    assert any("OperationalError" in line.get("error", "") for line in lines)


def test_another_origin_is_allowed_only_if_it_is_set(env):
    from app.settings import read

    env["CORS_ORIGINS"] = "https://shop.example, https://other.example"
    with TestClient(create(read(env))) as client:
        allowed = {
            origin: client.get("/api/health", headers={"Origin": origin}).headers.get("Access-Control-Allow-Origin")
            for origin in ("https://shop.example", "https://evil.example")
        }
    assert allowed == {"https://shop.example": "https://shop.example", "https://evil.example": None}
