"""Where the customer's pages get their stylesheet and their logo from. Both are public: they tell of nobody."""

import re
from functools import lru_cache

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from ..appearance import stylesheets
from ..models import Appearance

FOR_EVER = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=300"
_REFUSES_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


@require_safe
def stylesheet(request: HttpRequest, name: str) -> HttpResponse:
    """The stylesheet that the address describes. No query. One of an earlier release is answered as it is now."""
    if not (asked := stylesheets.read_address(name)):
        raise Http404
    wish, digest = asked
    sheet = stylesheets.sheet(wish)
    accepted = request.headers.get("Accept-Encoding", "")
    is_packed = "gzip" in accepted and not _REFUSES_GZIP.search(accepted)
    response = HttpResponse(sheet.packed if is_packed else sheet.content, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = FOR_EVER if digest == sheet.hash else FOR_NOW
    response["Vary"] = "Accept-Encoding"
    if is_packed:
        response["Content-Encoding"] = "gzip"
    return response


@require_safe
def logo(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    """A client's logo: one query, none once this process has served it. An earlier one leads to that of today."""
    try:
        content = _logo(slug, digest)
    except LookupError as error:
        current = error.args[0]
        if not current:
            raise Http404 from None
        response = HttpResponseRedirect(reverse("logo", args=[slug, current]))
        response["Cache-Control"] = FOR_NOW
        return response
    # The bytes are ours; should they ever be opened by themselves, they are a picture and nothing else.
    headers = {
        "Cache-Control": FOR_EVER,
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type="image/webp", headers=headers)


@lru_cache(maxsize=500)
def _logo(slug: str, digest: str) -> bytes:
    """The logo with this hash; raises LookupError with the hash of the client's present one, empty without any."""
    row = Appearance.objects.filter(client__slug=slug).values_list("logo_hash", "logo").first() or ("", b"")
    if not row[0] or row[0] != digest:
        raise LookupError(row[0])
    return bytes(row[1])
