"""Pages for clients without a login: who holds the signed link may read. No session, no cookie, no script.

A link to a digest lives `digests.LINK_LASTS` after it was sent: long enough to compare two quarters, and a mail that is
forwarded years later opens nothing. The way out of a subscription never expires.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation

from surveys.delivery import links

from . import digests, presentation
from .models import Digest, DigestSubscription


@links.page("GET", "HEAD")
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """The digest as it was sent."""
    sent = Digest.objects.filter(state=Digest.State.SENT, sent_at__gt=timezone.now() - digests.LINK_LASTS)
    found = sent.filter(pk=links.read(links.DIGEST, token)).first()
    if found is None:
        return render(request, "feedback_loop/digest_unknown.html", status=404)
    report = presentation.present(found.content, found.language)
    return _page(request, "digest", found.language, {"report": report, "chart_svg": found.chart_svg})


@links.page("GET", "HEAD", "POST")
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, and on a person's POST end the subscription; said again, it changes nothing."""
    named = DigestSubscription.objects.filter(pk=links.read(links.DIGEST_STOP, token))
    subscription = named.select_related("client").first()
    if subscription is None:
        return render(request, "feedback_loop/digest_unknown.html", status=404)
    if request.method == "POST":
        named.update(is_active=False)
        subscription.is_active = False
    return _page(request, "digest_stop", subscription.language, {"subscription": subscription})


def _page(request: HttpRequest, name: str, language: str, context: dict) -> HttpResponse:
    """A page in the language of its receiver, whatever the browser prefers."""
    with translation.override(language):
        page = render(request, f"feedback_loop/{name}.html", {**context, "language": language})
    page["Content-Language"] = language
    return page
