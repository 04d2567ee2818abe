"""The list of items in Redis. Without Redis everything works, but slower."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger("app.cache")

KEEP_SECONDS = 60
ANSWER_SECONDS = 0.5
# As many as a worker has threads for requests.
ASKING = 40
LOOK_SECONDS = 1
GENERATION = "items:generation"


class Cache:
    """
    A list is kept under the generation that was current before it was read, and a write begins the next generation: so a list that
    was read just before a write, and is kept only after it, is found by nobody.

    To look up the name of a server that is stopped can take many seconds, for which no time-out of a socket holds. So threads of its
    own ask, for which no request waits longer than that; and while Redis is away it is not asked, but looked for.
    """

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.present = False
        self.stopping = threading.Event()
        self.asking = ThreadPoolExecutor(ASKING, thread_name_prefix="cache")

    def watch(self) -> None:
        """Until it is closed. Requests are served from the database until Redis has answered for the first time."""
        threading.Thread(target=self._look, name="cache", daemon=True).start()

    def close(self) -> None:
        self.stopping.set()
        self.asking.shutdown(wait=False, cancel_futures=True)
        self.client.close()

    def answers(self) -> bool:
        return self._ask(self.client.ping) is not None

    def generation(self) -> str | None:
        """None while Redis is away, as with the others."""
        return self._ask(lambda: self.client.get(GENERATION) or "0")

    def get(self, generation: str) -> str | None:
        return self._ask(lambda: self.client.get(f"items:{generation}"))

    def put(self, generation: str, items: str) -> None:
        self._ask(lambda: self.client.set(f"items:{generation}", items, ex=KEEP_SECONDS))

    def begin_generation(self) -> None:
        """After a write."""
        self._ask(lambda: self.client.incr(GENERATION))

    def _ask[T](self, question: Callable[[], T]) -> T | None:
        if not self.present:
            return None
        try:
            return self.asking.submit(question).result(ANSWER_SECONDS)
        except (redis.RedisError, TimeoutError) as error:
            self.present = False
            log.warning("the cache is away: %s", str(error) or "no answer in time")
            return None

    def _look(self) -> None:
        while not self.stopping.is_set():
            if not self.present:
                self._find()
            self.stopping.wait(LOOK_SECONDS)

    def _find(self) -> None:
        try:
            # Those that it has lead to a server that may be gone.
            self.client.connection_pool.disconnect(inuse_connections=False)
            # What has been written meanwhile is in no list of before.
            self.client.incr(GENERATION)
        except redis.RedisError:
            return
        self.present = True
        log.info("the cache answers")
