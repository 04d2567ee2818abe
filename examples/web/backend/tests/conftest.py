import pytest

from app.settings import Settings, read


@pytest.fixture
def env() -> dict[str, str]:
    """Of a backend whose database and cache are away: nothing listens at port 1."""
    return {
        "DATABASE_URL": "postgresql://app:hidden@127.0.0.1:1/app",
        "CACHE_URL": "redis://:hidden@127.0.0.1:1",
        "JWT_SECRET": "a secret that is long enough for HS256",
    }


@pytest.fixture
def settings(env: dict[str, str]) -> Settings:
    return read(env)
