"""The mailbox's addresses, there only while the demo runs."""

from django.urls import path

from . import mailbox

urlpatterns = [
    path("demo/mailbox/", mailbox.inbox, name="demo-mailbox"),
    path("demo/mailbox/<str:name>/", mailbox.mail, name="demo-mail"),
    path("demo/mailbox/<str:name>/body/", mailbox.body, name="demo-mail-body"),
]
