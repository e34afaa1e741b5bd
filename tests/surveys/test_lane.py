"""The lane leaves out what customers' pages do not need, and nothing that guards them."""

import pytest
from django.test import Client as Browser

from surveys.delivery import links, survey_mail
from surveys.models import Appearance, OpenLink
from surveys.pages import doors
from surveys.urls import customers
from tests import factories

ONLY_OTHERS = {"Vary", "Content-Language"}  # what LocaleMiddleware says of pages that no cache may keep


def paths(acme):
    """One of each customers' page, known and unknown."""
    invitation = factories.make_invitation(acme, "nps")
    path = survey_mail.path_of("answer", links.ANSWER, invitation.public_id.hex)
    survey = invitation.version.survey
    Appearance.objects.create(client=acme, embed_origins="https://help.example.org")
    counters = [OpenLink.objects.create(client=acme, survey=survey, name=door, door=door) for door in doors.ROUTES]
    objection = survey_mail.path_of("unsubscribe", links.UNSUBSCRIBE, invitation.public_id.hex)
    known = [path, f"{path}thanks/", f"{path}more/", objection, *map(doors.path_of, counters)]
    return [*known, "/s/nobody/", "/o/nobody/", "/r/nobody/", "/r/nobody/thanks/"]


def answered(settings, path, has_lane, **options):
    everything = settings.MIDDLEWARE
    lane = "surveys.pages.lane.Lane"
    settings.MIDDLEWARE = [lane, *(name for name in everything if name != lane)][0 if has_lane else 1 :]
    method = options.pop("method", "get")
    response = getattr(Browser(raise_request_exception=False), method)(path, **options)
    settings.MIDDLEWARE = everything
    return response.status_code, {name: value for name, value in response.items() if name not in ONLY_OTHERS}


@pytest.mark.parametrize("secure", [False, True])
def test_every_page_says_by_the_lane_what_it_says_behind_all_middleware(acme, settings, secure):
    settings.SECURE_HSTS_SECONDS = 3600
    for path in paths(acme):
        for method in ("get", "head", "put", "get"):  # the usual headers are asked for once, then kept
            options = {"method": method, "secure": secure, "HTTP_ACCEPT_LANGUAGE": "de"}
            by_lane = answered(settings, path, True, **options)
            assert by_lane == answered(settings, path, False, **options)
            assert by_lane[1]["Content-Security-Policy"] and by_lane[1]["X-Content-Type-Options"] == "nosniff"


def test_a_page_in_a_help_page_keeps_its_own_words(acme, settings):
    path = next(path for path in paths(acme) if path.startswith("/e/"))
    for _ in range(2):
        status, headers = answered(settings, path, True)
        assert (status, "X-Frame-Options" in headers) == (200, False)
        assert "frame-ancestors https://help.example.org" in headers["Content-Security-Policy"]


def test_a_strange_host_and_plain_http_get_no_further(acme, settings):
    path = paths(acme)[0]
    for has_lane in (True, False):
        assert answered(settings, path, has_lane, HTTP_HOST="evil.example.net")[0] == 400
    settings.SECURE_SSL_REDIRECT = True
    by_lane, behind_all = (answered(settings, path, has_lane) for has_lane in (True, False))
    assert (by_lane[0], by_lane[1]["Location"]) == (301, behind_all[1]["Location"])


def test_an_error_on_the_way_is_guarded_too(acme, settings, monkeypatch):
    monkeypatch.setattr("surveys.sittings.row_of", lambda *_: 1 / 0)
    by_lane, behind_all = (answered(settings, "/s/nobody/", has_lane) for has_lane in (True, False))
    assert by_lane == behind_all and by_lane[0] == 500 and "Content-Security-Policy" in by_lane[1]


def test_only_pages_behind_a_link_take_the_lane():
    assert {str(pattern.pattern)[:2] for pattern in customers.url_patterns} == {"s/", "o/", "e/", "k/", "r/", "u/"}
    assert all(pattern.callback.csrf_exempt for pattern in customers.url_patterns)
