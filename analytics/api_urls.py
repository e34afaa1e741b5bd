"""The API's addresses of figures, below api/v1/figures/."""

from django.urls import path

from .api import figures, honesty
from .api.rows import RowsView

urlpatterns = [
    path("score/", figures.ScoreView.as_view(), name="api-score"),
    path("trend/", figures.TrendView.as_view(), name="api-trend"),
    path("breakdown/", figures.BreakdownView.as_view(), name="api-breakdown"),
    path("themes/", figures.ThemesView.as_view(), name="api-themes"),
    path("drivers/", figures.DriversView.as_view(), name="api-drivers"),
    path("solved/", figures.SolvedView.as_view(), name="api-solved"),
    path("demand/", figures.DemandView.as_view(), name="api-demand"),
    path("funnel/", figures.FunnelView.as_view(), name="api-figures-funnel"),
    path("balance/", honesty.BalanceView.as_view(), name="api-balance"),
    path("gating/", honesty.GatingView.as_view(), name="api-gating"),
    path("reconciliation/", honesty.ReconciliationView.as_view(), name="api-reconciliation"),
    path("rows/", RowsView.as_view(), name="api-rows"),
]
