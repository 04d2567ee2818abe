"""The list of items in Redis. Without Redis everything works, but slower."""

import logging

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger("app.cache")

SECONDS = 60
TIMEOUT_SECONDS = 0.5
GENERATION = "items:generation"


class Cache:
    """
    A list is kept under the generation that was current before it was read, and a write begins the next generation: so a list that
    was read just before a write, and is kept only after it, is found by nobody.
    """

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # Once more, for a connection that has died in the pool.
            retry=Retry(NoBackoff(), 1),
        )

    def generation(self) -> str | None:
        """None while Redis is away."""
        try:
            return self.client.get(GENERATION) or "0"
        except redis.RedisError as error:
            away(error)
            return None

    def get(self, generation: str) -> str | None:
        try:
            return self.client.get(f"items:{generation}")
        except redis.RedisError as error:
            away(error)
            return None

    def put(self, generation: str, items: str) -> None:
        try:
            self.client.set(f"items:{generation}", items, ex=SECONDS)
        except redis.RedisError as error:
            away(error)

    def begin_generation(self) -> None:
        """After a write. Where Redis is away just then, it may show the list of before for a minute once it is back."""
        try:
            self.client.incr(GENERATION)
        except redis.RedisError as error:
            away(error)


def away(error: redis.RedisError) -> None:
    log.warning("the cache is away: %s", error)
