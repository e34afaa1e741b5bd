"""What people open: dashboards; the digest behind its signed link, and the way out of a subscription."""

from django.urls import include, path

from . import views

urlpatterns = [
    path("d/<str:token>/", views.digest, name="digest"),
    path("d/<str:token>/stop/", views.stop, name="digest-stop"),
    path("", include("feedback_loop.dashboards.urls")),
]
