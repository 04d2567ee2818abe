import pytest

from app.settings import SettingsError, database_url, read


def test_has_defaults(env):
    settings = read(env)
    assert (settings.port, settings.workers, settings.log_level, settings.cors_origins) == (8000, 2, "INFO", [])
    assert settings.error_reporting_dsn is None


def test_reads_secrets_from_files(env, tmp_path):
    for name in ("DATABASE_URL", "CACHE_URL", "JWT_SECRET"):
        file = tmp_path / name
        file.write_text(f"{env[name]}\n")
        env[f"{name}_FILE"] = str(file)
    inline = read(env)
    for name in ("DATABASE_URL", "CACHE_URL", "JWT_SECRET"):
        del env[name]
    assert read(env) == inline


def test_sqlalchemy_gets_psycopg_3(env):
    assert database_url(env).drivername == "postgresql+psycopg"


def test_names_all_faults_at_once():
    with pytest.raises(SettingsError) as error:
        read({"DATABASE_URL": "mysql://a:secret@b/c", "JWT_SECRET_FILE": "/missing", "WORKERS": "0", "LOG_LEVEL": "loud"})
    assert str(error.value).splitlines() == [
        "DATABASE_URL: should begin with postgresql://, got mysql://",
        "CACHE_URL: should be set, or CACHE_URL_FILE to the path of a file with it",
        "JWT_SECRET_FILE: should be a file that can be read, got /missing: No such file or directory",
        "LOG_LEVEL: should be one of DEBUG, INFO, WARNING, ERROR, got 'LOUD'",
        "WORKERS: should be a whole number from 1 to 64, got '0'",
    ]


def test_shows_no_secret_of_a_url_that_it_cannot_read():
    with pytest.raises(SettingsError) as error:
        database_url({"DATABASE_URL": "postgresql://app:secret@host:port/app"})
    assert "secret" not in str(error.value)
