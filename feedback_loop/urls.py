"""What clients open: the digest behind its signed link, and the way out of a subscription."""

from django.urls import path

from . import views

urlpatterns = [
    path("d/<str:token>/", views.digest, name="digest"),
    path("d/<str:token>/stop/", views.stop, name="digest-stop"),
]
