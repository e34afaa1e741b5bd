"""How often the customers' pages take an answer, and how often a stranger may try links, within a minute.

Counted in Redis where there is one, else in this process; and in this process, too, while Redis is silent. A page that
is only read costs no count: only posted answers do, and links that nobody made. Most answers are the only one of their
minute from where they come: a process tells Redis of the first step of a sheet only when something of it comes again,
so a limit may be passed by as many as there are processes.
"""

import functools
import ipaddress
import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from limits.storage import MemoryStorage, RedisStorage
from redis.backoff import NoBackoff
from redis.retry import Retry

from .. import wording
from ..models import OpenLink
from ..sittings import Sitting
from .frame import page, speaking

TOO_MUCH = 429
MINUTE = 60  # seconds, after which it is counted anew

STEPS_PER_SHEET = 10
SHEETS_PER_LINK = 200
SHEETS_PER_LINK_AND_ADDRESS = 10
STRANGE_LINKS = 30

PATIENCE = 0.04  # seconds that Redis has for each reply
RETRY_AFTER = 5.0  # seconds without asking it, once it was silent

# Run by Redis as a whole: see `Counters.count_step`.
STEP = """
local counted = {}
for place, key in ipairs(KEYS) do
    counted[place] = redis.call("incrby", key, ARGV[place + 1])
    if counted[place] == tonumber(ARGV[place + 1]) then redis.call("expire", key, ARGV[1]) end
    if counted[1] > 1 then break end
end
return counted
"""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Counters:
    """Redis, or this process where there is none or while it is silent: then each process counts for itself."""

    def __init__(self, redis_url: str) -> None:
        self._own = MemoryStorage()
        self._shared = redis_url and _redis(redis_url)
        self._step = self._shared and self._shared.storage.register_script(STEP)
        self._silent_until = 0.0  # by time.monotonic
        self._untold: dict[str, int] = {}  # what came in this process's minute → how much of it Redis does not know
        self._turns_at = 0.0

    def count(self, *what: str) -> int:
        """Count one more of it, and how many that makes in the minute since the first."""
        return self._ask("incr", "/".join(what), MINUTE)

    def count_step(self, sheet: tuple[str, ...], others: Iterable[tuple[str, ...]]) -> list[int]:
        """Count one more step of a sheet; a first one in its minute counts for the others, too.

        One round trip, and none where nothing of it came before in this process's minute.
        """
        keys = ["/".join(what) for what in (sheet, *others)]
        if self._shared and self._is_new(keys):
            return [1] * len(keys)

        def shared() -> list[int]:
            more = [1 + self._untold.get(key, 0) for key in keys]
            counted = self._step([self._shared.prefixed_key(key) for key in keys], [MINUTE, *more])
            self._untold.update(dict.fromkeys(keys[: len(counted)], 0))
            return counted

        def own() -> list[int]:
            steps = self._own.incr(keys[0], MINUTE)
            return [steps] if steps > 1 else [steps, *(self._own.incr(key, MINUTE) for key in keys[1:])]

        return self._first_of(shared, own)

    def forget(self, *what: str) -> None:
        """As if none of it had been counted."""
        self._ask("clear", "/".join(what))

    def _is_new(self, keys: list[str]) -> bool:
        """Whether none of them came before in this process's minute; then they are kept in mind."""
        if (now := time.monotonic()) >= self._turns_at:
            self._untold, self._turns_at = {}, now + MINUTE
        if not self._untold.keys().isdisjoint(keys):
            return False
        self._untold.update(dict.fromkeys(keys, 1))
        return True

    def _ask(self, verb: str, *args: object) -> int | None:
        return self._first_of(lambda: getattr(self._shared, verb)(*args), lambda: getattr(self._own, verb)(*args))

    def _first_of(self, shared: Callable[[], T], own: Callable[[], T]) -> T:
        if self._shared and time.monotonic() >= self._silent_until:
            try:
                return shared()
            except self._shared.base_exceptions as error:
                self._silent_until = time.monotonic() + RETRY_AFTER
                logger.warning("Redis does not count (%s); this process does.", type(error).__name__)
        return own()


@functools.cache
def counters() -> Counters:
    """Of this process, made when first needed: gunicorn's master must not keep its connections and threads."""
    return Counters(settings.REDIS_URL)


def address_of(request: HttpRequest) -> str:
    """Whom to count: the client's address, of IPv6 the /64; empty where it is not known, as behind a Unix socket.

    Behind a proxy it is what that proxy itself wrote last into X-Forwarded-For, never what it was sent.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_PROXY else ""
    told = forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    mapped = address.ipv4_mapped
    return str(mapped or ipaddress.ip_network((int(address), 64), strict=False).network_address)


def is_too_much(request: HttpRequest, sitting: Sitting) -> bool:
    """Whether this step of a sheet is one too many within a minute. One round trip.

    Each sheet has ten steps a minute. An address has so many different sheets a minute, not steps: behind the one of an
    office are many people. An open link takes fewer of one address, and not any number over all.
    """
    # What no pointer or key has touched is counted by itself: a scanner's posts must not use up its person's.
    counts, sheet = counters(), ("sheet", _sheet(sitting), str(request.POST.get("touched") == "1"))
    limits = _limits(address_of(request), sitting.open_link)
    steps, *counted = counts.count_step(sheet, [what for _, what in limits])
    if steps > 1:
        return steps > STEPS_PER_SHEET
    is_over = any(number > most for number, (most, _) in zip(counted, limits, strict=True))
    if is_over:
        counts.forget(*sheet)  # who tries again is counted again
    return is_over


def knows_its_links(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For views behind a token: who keeps trying links that nobody made (404) is told to wait, and only they."""

    @functools.wraps(view)
    def shown(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if response.status_code != 404 or counters().count("strange", address_of(request)) <= STRANGE_LINKS:
            return response
        with speaking(request, None):
            return told(page("closed", None, wording.SPOKEN, {"state": "busy"}, status=TOO_MUCH))

    return shown


def told(response: HttpResponse) -> HttpResponse:
    """The same answer, which says when to come back."""
    response["Retry-After"] = str(MINUTE)
    return response


def _sheet(sitting: Sitting) -> str:
    return (sitting.invitation.public_id if sitting.invitation else sitting.sheet_id).hex


def _limits(address: str, open_link: OpenLink | None) -> list[tuple[int, tuple[str, ...]]]:
    """How many different sheets there may be of what."""
    limits = []
    if address and settings.ANSWERS_PER_MINUTE_AND_ADDRESS:
        limits.append((settings.ANSWERS_PER_MINUTE_AND_ADDRESS, ("address", address)))
    if open_link:
        limits.append((SHEETS_PER_LINK, ("link", open_link.public_id.hex)))
    if open_link and address:
        limits.append((SHEETS_PER_LINK_AND_ADDRESS, ("link", open_link.public_id.hex, address)))
    return limits


def _redis(url: str) -> RedisStorage:
    patience = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE, "retry": Retry(NoBackoff(), 0)}
    return RedisStorage(url, key_prefix="nachklang:limits", **patience)
