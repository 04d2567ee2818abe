"""A list kept in PostgreSQL, and cached in Redis."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from .database import Item
from .visitor import visitor

MOST = 100

router = APIRouter(prefix="/api/items")


class NewItem(BaseModel):
    # PostgreSQL keeps no NUL in a text.
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


class ShownItem(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    text: str
    author: str | None
    created_at: datetime


ITEMS = TypeAdapter(list[ShownItem])


# Not async: FastAPI runs it in a thread, so that waiting for the database holds up nothing else.
@router.get("", response_model=list[ShownItem])
def newest(request: Request) -> Response:
    """The newest hundred. The header X-Cache says where they come from: hit, miss, or off while the cache is away."""
    state = request.app.state
    generation = state.cache.generation()
    kept = state.cache.get(generation) if generation is not None else None
    if kept is not None:
        return Response(kept, media_type="application/json", headers={"X-Cache": "hit"})
    with Session(state.engine) as session:
        rows = session.scalars(select(Item).order_by(Item.id.desc()).limit(MOST)).all()
        items = ITEMS.dump_json(ITEMS.validate_python(rows)).decode()
    if generation is not None:
        state.cache.put(generation, items)
    found = "off" if generation is None else "miss"
    return Response(items, media_type="application/json", headers={"X-Cache": found})


@router.post("", status_code=201)
def add(item: NewItem, author: Annotated[str, Depends(visitor)], request: Request) -> ShownItem:
    state = request.app.state
    with Session(state.engine, expire_on_commit=False) as session:
        row = Item(text=item.text, author=author)
        session.add(row)
        session.flush()
        session.refresh(row)
        session.commit()
    state.cache.begin_generation()
    return ShownItem.model_validate(row)
