"""The API's addresses of targets and initiatives, below api/v1/figures/."""

from django.urls import path

from . import api

urlpatterns = [
    path("targets/", api.target, name="api-targets"),
    path("initiatives/", api.initiative, name="api-initiatives"),
]
