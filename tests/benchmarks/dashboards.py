"""How fast a client's dashboard answers: `python -m tests.benchmarks.dashboards` prints JSON.

It reads the database of DATABASE_URL that `tests.benchmarks.generate` has filled, tallies what is not tallied yet, and
takes a login that sees all clients, which it removes at the end. The page and the parts that it fetches by itself are
asked for of up to 60 clients, spread over all sizes, through all of Django (middleware, session, views, templates)
within this process; of `causes`, which reads every answer and contact of the period, of six.

*first*: with nothing kept of the client, *later*: the best of two further times. p95 over the clients, in milliseconds.
The bare limit is the sum by month of one client's rows in a table of 365,000 tallies without an index, as in `numbers`.
"""

import argparse
import json
import os
import statistics
import time

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

    from .numbers import p95

    first, later = [], []
    taken(browser, f"/dashboard/{clients[-1].slug}/{part}")  # what belongs to no client: templates, texts
    for client in clients:
        path = f"/dashboard/{client.slug}/{part}"
        cache.clear()
        first.append(taken(browser, path))
        later.append(min(taken(browser, path) for _ in range(2)))
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
    from django.test import Client as Browser
    from django.utils import timezone

    from surveys.models import Client, Login, Response

    from .numbers import best, filled, make_bare, p95, sums

    argparse.ArgumentParser(description=__doc__).parse_args()
    settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = ["testserver"], False
    everyone = list(Client.objects.filter(slug__startswith="client-").order_by("pk"))
    filled(everyone, timezone.now())
    make_bare(everyone)
    clients = spread(everyone, CLIENTS)
    login = Login.objects.create(username=f"benchmark {time.time_ns()}", is_staff=True, is_superuser=True)
    try:
        browser = Browser()
        browser.force_login(login)
        found = {
            part.strip("/") or "page": pages(browser, spread(everyone, most), part) for part, most in PARTS.items()
        }
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
