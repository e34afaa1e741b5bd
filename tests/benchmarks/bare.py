"""The bare limit of the answer page: the same Django with its usual middleware, a page that is a constant, and one row.

`GET /page/` answers with a page of the size that is asked for; `POST /row/` writes one response by the ORM. Served by
the same server with the same workers as the product: `tests.benchmarks.bare:application`.
"""

import os
from functools import lru_cache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("surveys.")]  # the usual ones
settings.ROOT_URLCONF = __name__
application = get_wsgi_application()


@lru_cache
def _filler(size: int) -> str:
    return "x" * size


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_filler(int(request.GET["size"])))


@csrf_exempt
def row(request: HttpRequest) -> HttpResponse:
    from surveys.models import Response

    wanted, now = request.POST, timezone.now()
    Response.objects.create(
        client_id=int(wanted["client"]),
        open_link_id=int(wanted["open_link"]),
        door="open",
        version_id=int(wanted["version"]),
        kind="csat",
        score=int(wanted["score"]),
        language="de",
        submitted_at=now,
        completed_at=now,
    )
    return HttpResponseRedirect("/page/?size=1")


urlpatterns = [path("page/", page), path("row/", row), path("healthz", lambda request: HttpResponse("{}"))]
