"""The demo's mailbox: every mail that was sent, readable in the browser. Only there while the demo runs."""

import base64
import email
from email import policy
from email.message import EmailMessage
from pathlib import Path

from csp.decorators import csp_replace
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.views.decorators.clickjacking import xframe_options_sameorigin

PAGE = 50


def inbox(request: HttpRequest) -> HttpResponse:
    """All mails, newest first; `?to=` keeps one reader's."""
    page = Paginator(sorted(_folder().glob("*.eml"), reverse=True), PAGE).get_page(request.GET.get("page"))
    mails = [{"name": path.stem, "mail": _read(path)} for path in page]
    return render(request, "demo/inbox.html", {"page": page, "mails": mails})


def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its head, its text, and its HTML in a frame that may do nothing."""
    message = _read(_path(name))
    headers = [(key, message[key]) for key in ("From", "To", "Subject", "Date", "List-Unsubscribe") if message[key]]
    text = message.get_body(("plain",)).get_content()
    return render(
        request, "demo/mail.html", {"name": name, "headers": headers, "text": text, "subject": message["Subject"]}
    )


@xframe_options_sameorigin
@csp_replace({
    "default-src": ["'none'"], "style-src": ["'unsafe-inline'"], "img-src": ["data:"], "frame-ancestors": ["'self'"],
})  # fmt: skip
def body(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part, with its pictures inside, under a policy that lets it load nothing. Links open a new tab."""
    message = _read(_path(name))
    html = message.get_body(("html",)).get_content()
    for part in message.walk():
        if content_id := (part["Content-ID"] or "").strip("<> "):
            data = base64.b64encode(part.get_payload(decode=True)).decode()
            html = html.replace(f"cid:{escape(content_id)}", f"data:{part.get_content_type()};base64,{data}")
    return HttpResponse(html.replace("<head>", '<head><base target="_blank">', 1))


def _folder() -> Path:
    return Path(settings.EMAIL_FILE_PATH)


def _path(name: str) -> Path:
    """The file of a mail; 404 for anything that is not exactly one of ours."""
    found = [path for path in _folder().glob("*.eml") if path.stem == name]
    if not found:
        raise Http404
    return found[0]


def _read(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=policy.default)
