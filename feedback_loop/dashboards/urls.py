"""Where the dashboards are."""

from django.urls import path

from . import views
from .below import PARTS

urlpatterns = [
    path("dashboard/", views.overview, name="dashboards"),
    path("dashboard/<slug:slug>/", views.dashboard, name="dashboard"),
    path("dashboard/<slug:slug>/answers/", views.answer_list, name="dashboard-answers"),
    path("dashboard/<slug:slug>/figures/<slug:form>/", views.figures, name="dashboard-figures"),
    path("dashboard/<slug:slug>/rates/", views.rates, name="dashboard-rates"),
    *(path(f"dashboard/<slug:slug>/{part}/", views.part, {"part": part}, name=f"dashboard-{part}") for part in PARTS),
]
