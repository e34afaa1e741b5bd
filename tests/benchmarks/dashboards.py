"""How fast a client's dashboard answers: `python -m tests.benchmarks.dashboards` prints JSON.

It reads the database of DATABASE_URL that `tests.benchmarks.generate` has filled, tallies what is not tallied yet, and
takes a login that sees all clients, which it removes at the end. The page and the parts that it fetches by itself are
asked for of up to 60 clients, spread over all sizes, through all of Django (middleware, session, views, templates)
within this process; of `causes`, which reads every answer and contact of the period, of six.

*first*: with nothing kept of the client, *later*: the best of two further times. p95 over the clients, in milliseconds.
*by_http*: the whole page of the same clients, fetched from gunicorn (one worker, which knew none of them before) over
one connection of loopback; on PostgreSQL only.
*honesty*: the pages of this year of the largest client, and what each of them found, which the first one fetches; the
best of three.

The bare limit is the sum by month of one client's rows in a table of 365,000 tallies without an index, as in `numbers`.
"""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import django

CLIENTS = 60
PARTS = {"": CLIENTS, "funnel/": CLIENTS, "themes/": CLIENTS, "parts/": CLIENTS, "voices/": CLIENTS, "causes/": 6}


def spread(rows: list, most: int) -> list:
    """So many of them, at even distances."""
    step = max(1, len(rows) / most)
    return [rows[int(place * step)] for place in range(min(most, len(rows)))]


def taken(browser, path: str) -> float:
    """Milliseconds until the answer is whole. ValueError if it is no page."""
    began = time.perf_counter()
    answer = browser.get(path)
    if answer.status_code != 200:
        raise ValueError(f"{path}: {answer.status_code}")
    return 1000 * (time.perf_counter() - began)


def pages(browser, clients: list, part: str) -> dict:
    """Of one part of the dashboard, over the clients."""
    from django.core.cache import cache

    def fetch(path: str) -> float:
        return taken(browser, path)

    fetch(f"/dashboard/{clients[-1].slug}/{part}")  # what belongs to no client: templates, texts
    return visits(fetch, [f"/dashboard/{client.slug}/{part}" for client in clients], cache.clear)


def by_http(cookie: str, clients: list, other) -> dict:
    """The whole page as a browser gets it; `other`: a client whose page is fetched before."""
    from tests.installation import Installation

    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder), 1)
        try:
            connection = http.client.HTTPConnection(installation.start_web(LOG_LEVEL="ERROR").removeprefix("http://"))

            def fetch(path: str) -> float:
                began = time.perf_counter()
                connection.request("GET", path, headers={"Cookie": cookie})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise ValueError(f"{path}: {answer.status}")
                return 1000 * (time.perf_counter() - began)

            fetch(f"/dashboard/{other.slug}/")
            return visits(fetch, [f"/dashboard/{client.slug}/" for client in clients])
        finally:
            installation.stop()


def honesty(browser, client, year: int) -> dict:
    """Milliseconds of each page, and of what its findings take where the first page asks for them."""
    from django.urls import reverse

    from .numbers import best

    def page(name: str, **asked) -> float:
        address = reverse(f"admin:surveys_honesty_{name}", args=[client.pk])
        return round(best(lambda: taken(browser, f"{address}?{urlencode({'period': year, **asked})}")))

    findings = ("funnel", "asked", "answered", "counts", "signs", "left_out")
    return {
        "pages_ms": {name: page(name) for name in ("change", *findings)},
        "findings_ms": {name: page("change", found=name) for name in findings},
    }


def visits(fetch: Callable[[str], float], paths: list[str], forget: Callable[[], object] = lambda: None) -> dict:
    """Of each page the first visit, after all has been forgotten, and later ones."""
    from .numbers import p95

    first, later = [], []
    for path in paths:
        forget()
        first.append(fetch(path))
        later.append(min(fetch(path) for _ in range(2)))
    return {
        "first_p95_ms": round(p95(first), 1),
        "p95_ms": round(p95(later), 1),
        "median_ms": round(statistics.median(later), 1),
        "worst_ms": round(max(later), 1),
    }


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings
    from django.db import connection
    from django.test import Client as Browser

    from surveys.models import Client, Login, Response

    from .numbers import best, filled, last_answer, make_bare, p95, sums

    argparse.ArgumentParser(description=__doc__).parse_args()
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["testserver"], False
    everyone = list(Client.objects.filter(slug__startswith="client-").order_by("pk"))
    filled(everyone, last_answer())
    make_bare(everyone)
    clients = spread(everyone, CLIENTS)
    login = Login.objects.create(username=f"benchmark {time.time_ns()}", is_staff=True, is_superuser=True)
    try:
        browser = Browser()
        browser.force_login(login)
        found = {
            part.strip("/") or "page": pages(browser, spread(everyone, most), part) for part, most in PARTS.items()
        }
        found["honesty"] = honesty(browser, everyone[0], last_answer().year)
        if connection.vendor == "postgresql":
            cookie = browser.cookies.output(header="", attrs=[], sep=";").strip()
            found["by_http"] = by_http(cookie, clients, next(one for one in everyone if one not in clients))
        browser.logout()
    finally:
        login.delete()
    limit = p95([best(lambda client=client: sums("bench_bare", client)) for client in clients])
    result = {
        "responses": Response.objects.count(),
        "clients": len(everyone),
        "measured_clients": len(clients),
        "limit_p95_ms": round(limit, 1),
        "times_the_limit": round(found["page"]["p95_ms"] / limit, 2),
        **found,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
