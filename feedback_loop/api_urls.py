"""The API's addresses of targets and initiatives, below api/v1/figures/."""

from django.urls import path

from .api import InitiativesView, TargetsView

urlpatterns = [
    path("targets/", TargetsView.as_view(), name="api-targets"),
    path("initiatives/", InitiativesView.as_view(), name="api-initiatives"),
]
