"""What the environment says: each secret as a variable, or as a file whose path is in the variable with _FILE after it."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """Names every bad setting, without its value where that is a secret."""


@dataclass(frozen=True)
class Settings:
    """All durations are in seconds."""

    database_url: URL
    cache_url: str
    jwt_secret: str
    error_reporting_dsn: str | None
    cors_origins: list[str]
    log_level: str
    version: str
    port: int
    workers: int
    database_pool: int
    """The most connections of each worker."""
    stop_grace: int
    """How long requests in flight may take once it has been told to stop."""


def secret(env: Mapping[str, str], name: str) -> str | None:
    """The value of NAME, else the content of the file that NAME_FILE names; None where neither is set."""
    if env.get(name):
        return env[name]
    path = env.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{name}_FILE: should be a file that can be read, got {path}: {error.strerror}") from error


def database_url(env: Mapping[str, str] = os.environ) -> URL:
    text = secret(env, "DATABASE_URL")
    if text is None:
        raise SettingsError("DATABASE_URL: should be set, or DATABASE_URL_FILE to the path of a file with it")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # Without the reason, which may quote the password.
        raise SettingsError("DATABASE_URL: should be postgresql://USER:PASSWORD@HOST:PORT/NAME") from None
    if url.get_backend_name() != "postgresql":
        raise SettingsError(f"DATABASE_URL: should begin with postgresql://, got {url.drivername}://")
    return url.set(drivername="postgresql+psycopg")


def read(env: Mapping[str, str] = os.environ) -> Settings:
    """Reads all settings, and names all that are bad at once."""
    faults: list[str] = []

    def attempt[T](what: Callable[[], T]) -> T | None:
        try:
            return what()
        except SettingsError as error:
            faults.append(str(error))
            return None

    def required(name: str) -> str:
        value = secret(env, name)
        if not value:
            raise SettingsError(f"{name}: should be set, or {name}_FILE to the path of a file with it")
        return value

    def whole(name: str, default: int, least: int = 1, most: int = 65_535) -> int:
        text = env.get(name) or str(default)
        if not text.isdecimal() or not least <= int(text) <= most:
            raise SettingsError(f"{name}: should be a whole number from {least} to {most}, got {text!r}")
        return int(text)

    def level() -> str:
        name = (env.get("LOG_LEVEL") or "INFO").upper()
        if name not in LEVELS:
            raise SettingsError(f"LOG_LEVEL: should be one of {', '.join(LEVELS)}, got {name!r}")
        return name

    made = {
        "database_url": attempt(lambda: database_url(env)),
        "cache_url": attempt(lambda: required("CACHE_URL")),
        "jwt_secret": attempt(lambda: required("JWT_SECRET")),
        "error_reporting_dsn": attempt(lambda: secret(env, "ERROR_REPORTING_DSN") or None),
        "cors_origins": [origin.strip() for origin in env.get("CORS_ORIGINS", "").split(",") if origin.strip()],
        "log_level": attempt(level),
        "version": env.get("APP_VERSION") or "unknown",
        "port": attempt(lambda: whole("PORT", 8000)),
        "workers": attempt(lambda: whole("WORKERS", 2, most=64)),
        "database_pool": attempt(lambda: whole("DATABASE_POOL", 5, most=100)),
        "stop_grace": attempt(lambda: whole("STOP_GRACE_SECONDS", 10, most=3_600)),
    }
    if faults:
        raise SettingsError("\n".join(faults))
    return Settings(**made)  # type: ignore[arg-type]
