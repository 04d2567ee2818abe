import logging.config

from alembic import context
from sqlalchemy import create_engine

from app import logs
from app.database import CONNECT_SECONDS, Base
from app.settings import database_url

logging.config.dictConfig(logs.config("INFO"))
logging.getLogger("alembic.runtime.migration").setLevel("INFO")

# A migration that waits for a lock makes all others wait behind it: it gives up, and the next `up` tries again.
OPTIONS = "-c lock_timeout=10s"
engine = create_engine(database_url(), connect_args={"connect_timeout": CONNECT_SECONDS, "options": OPTIONS})
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
