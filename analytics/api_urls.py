"""The API's addresses of figures, below api/v1/figures/."""

from django.urls import path

from .api import figures, honesty
from .api.rows import RowsView

urlpatterns = [
    path("score/", figures.score, name="api-score"),
    path("trend/", figures.trend, name="api-trend"),
    path("breakdown/", figures.breakdown, name="api-breakdown"),
    path("themes/", figures.themes, name="api-themes"),
    path("drivers/", figures.driving, name="api-drivers"),
    path("solved/", figures.solved_share, name="api-solved"),
    path("demand/", figures.unnecessary, name="api-demand"),
    path("funnel/", figures.funnels, name="api-figures-funnel"),
    path("balance/", honesty.balanced, name="api-balance"),
    path("gating/", honesty.gated, name="api-gating"),
    path("reconciliation/", honesty.reconciled, name="api-reconciliation"),
    path("rows/", RowsView.as_view(), name="api-rows"),
]
