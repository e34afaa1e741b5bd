"""The customer's pages: short addresses, because they stand in mails. And where providers tell what became of them."""

from django.urls import path

from . import inlet_views, mail_webhooks, sms_views
from .pages import objection, personal

urlpatterns = [
    path("s/<str:token>/", personal.answer, name="answer"),
    path("s/<str:token>/thanks/", personal.thanks, name="answer-thanks"),
    path("u/<str:token>/", objection.unsubscribe, name="unsubscribe"),
    path("in/<uuid:public_id>/", inlet_views.receive_event, name="inlet"),
    path("mail-events/<slug:provider>/", mail_webhooks.mail_events, name="mail-events"),
    path("sms/reply/", sms_views.reply, name="sms-reply"),
    path("sms/report/<str:reference>/", sms_views.report, name="sms-report"),
]
