"""The tables, and the engine that reaches them."""

from datetime import datetime

from sqlalchemy import URL, DateTime, Engine, Identity, Text, create_engine, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

CONNECT_SECONDS = 5


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


def engine(url: URL, pool: int) -> Engine:
    """Connections are asked whether they live before each use: so a database that was restarted costs no request."""
    return create_engine(
        url, pool_size=pool, max_overflow=0, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS}
    )
