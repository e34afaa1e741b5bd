"""The customer's pages: short addresses, because they stand in mails."""

from django.urls import path

from . import views

urlpatterns = [
    path("s/<str:token>/", views.answer, name="answer"),
    path("s/<str:token>/thanks/", views.thanks, name="answer-thanks"),
    path("u/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
