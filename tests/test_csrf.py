"""Which addresses take a POST without the CSRF check: a closed list, each with its own proof instead."""

from collections.abc import Iterator

from django.urls import URLPattern, get_resolver

# Address → what proves that the sender may.
EXEMPT = {
    "s/<str:token>/": "the token",
    "s/<str:token>/more/": "the token",
    "s/<str:token>/thanks/": "the token",
    "o/<str:token>/": "the token, and the signed number of a sheet in the form",
    "e/<str:token>/": "the token, and the signed number of a sheet in the form",
    "k/<str:token>/": "the token, and the signed number of a sheet in the form",
    "r/<str:token>/": "the token",
    "r/<str:token>/thanks/": "the token",
    "u/<str:token>/": "the token; also the one-click body of mail programs",
    "d/<str:token>/": "the token",
    "d/<str:token>/stop/": "the token",
    "in/<uuid:public_id>/": "the helpdesk's signature",
    "mail-events/<slug:provider>/": "the mail provider's password or signature",
    "sms/reply/": "the SMS provider's signature",
    "sms/report/<str:reference>/": "the SMS provider's signature",
}


def routes(patterns=None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield path, pattern
        else:
            yield from routes(pattern.url_patterns, path)


def test_no_address_but_the_listed_ones_takes_a_post_without_proof_that_a_page_of_ours_sent_it():
    """The API's are apart: it knows keys, no cookies, so no browser can be made to speak for anybody."""
    exempt = {path for path, route in routes() if getattr(route.callback, "csrf_exempt", False)}
    assert {path for path in exempt if not path.startswith("api/v1/")} == set(EXEMPT)
