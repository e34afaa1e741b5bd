"""The customer's pages: short addresses, because they stand in mails. And where providers tell what became of them."""

from django.urls import URLResolver, path
from django.urls.resolvers import RoutePattern

from . import inlet_views, mail_webhooks, sms_views
from .models import Door
from .pages import doors, look, objection, personal

_CUSTOMERS = [
    path("s/<str:token>/", personal.answer, name="answer"),
    path("s/<str:token>/more/", personal.decoy, name="answer-decoy"),
    path("s/<str:token>/thanks/", personal.thanks, name="answer-thanks"),
    path("o/<str:token>/", doors.start, {"door": Door.OPEN}, name="open-link"),
    path("e/<str:token>/", doors.start, {"door": Door.EMBED}, name="embed"),
    path("k/<str:token>/", doors.start, {"door": Door.KIOSK}, name="kiosk"),
    path("r/<str:token>/", doors.go_on, name="open-sheet"),
    path("r/<str:token>/thanks/", doors.thanks, name="open-sheet-thanks"),
    path("u/<str:token>/", objection.unsubscribe, name="unsubscribe"),
]
urlpatterns = [
    *_CUSTOMERS,
    path("look/<slug:name>.css", look.stylesheet, name="stylesheet"),
    path("look/<slug:slug>/<slug:digest>.webp", look.logo, name="logo"),
    path("in/<uuid:public_id>/", inlet_views.receive_event, name="inlet"),
    path("mail-events/<slug:provider>/", mail_webhooks.mail_events, name="mail-events"),
    path("sms/reply/", sms_views.reply, name="sms-reply"),
    path("sms/report/<str:reference>/", sms_views.report, name="sms-report"),
]
# Whoever holds a link: no login, session or cookie (`pages.lane`).
customers = URLResolver(RoutePattern(""), _CUSTOMERS)
