"""The lane of the customers' pages, past all that only the staff's pages need: sessions, logins, messages.

A middleware that stands before the others. Who waits here knows no cookie, so all that is left to do is to check the
host, to give the answer the headers that guard every page, and to tell its length.
"""

from collections.abc import Callable

from csp.middleware import CSPMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import Resolver404

from ..urls import customers

# What a page says for itself, as one that may stand in a frame, the guards must read from it.
OWN_WORDS = ("_csp_config", "_csp_update", "_csp_replace", "_csp_exempt", "xframe_options_exempt")

View = Callable[[HttpRequest], HttpResponse]


class Lane:
    """`surveys.urls.customers` are answered here; everything else goes on to the other middleware."""

    def __init__(self, get_response: View) -> None:
        self.get_response, self.answer = get_response, convert_exception_to_response(_answer)
        self.security = SecurityMiddleware(get_response)
        self.guards = [XFrameOptionsMiddleware(get_response), CSPMiddleware(get_response), self.security]
        self.usual: dict[bool, dict[str, str]] = {}  # the guards' headers, by whether the request came by HTTPS

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.resolver_match = customers.resolve(request.path_info[1:])
        except Resolver404:
            return self.get_response(request)
        if to_https := self.security.process_request(request):
            return to_https
        response = self.answer(request)
        self._guard(request, response)
        response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    def _guard(self, request: HttpRequest, response: HttpResponse) -> None:
        """The guards say the same of every page that says nothing for itself, and are asked once."""
        if not response.__dict__.keys().isdisjoint(OWN_WORDS):
            self._ask_guards(request, response)
            return
        is_secure = request.is_secure()
        if is_secure not in self.usual:
            blank = HttpResponse()
            del blank["Content-Type"]
            self._ask_guards(request, blank)
            self.usual[is_secure] = dict(blank.items())
        for name, value in self.usual[is_secure].items():
            response.headers.setdefault(name, value)

    def _ask_guards(self, request: HttpRequest, response: HttpResponse) -> None:
        for guard in self.guards:
            guard.process_response(request, response)


def _answer(request: HttpRequest) -> HttpResponse:
    request.get_host()  # raises DisallowedHost
    view, args, kwargs = request.resolver_match
    return view(request, *args, **kwargs)
