"""Whether it can do its work: what it needs answers, and has the tables that this version was written for."""

import logging
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from .cache import Cache

log = logging.getLogger("app.readiness")

AWAY = "does not answer"

MIGRATIONS = ScriptDirectory.from_config(Config(str(Path(__file__).parent.parent / "alembic.ini")))


def behind(revision: str | None, migrations: ScriptDirectory = MIGRATIONS) -> str | None:
    """
    What is missing, if anything. A revision that is not among the migrations is of a later version, whose migration ran before it
    was started: this one serves on until then.
    """
    head = migrations.get_current_head()
    known = {script.revision for script in migrations.walk_revisions()}
    if revision == head or (revision is not None and revision not in known):
        return None
    return f"the database is at migration {revision or 'none'}, and this version needs {head}: `alembic upgrade head`"


def checks(engine: Engine, cache: Cache) -> dict[str, str]:
    """By what is needed, `ok` or what is wrong with it, without secrets."""
    return {"database": database(engine), "cache": "ok" if cache.answers() else AWAY}


def database(engine: Engine) -> str:
    try:
        with engine.connect() as connection:
            return behind(MigrationContext.configure(connection).get_current_revision()) or "ok"
    except SQLAlchemyError as error:
        # The reason has addresses and user names: it is for the log alone.
        log.warning("the database is away: %s", error)
        return AWAY
