"""Where each address leads: public pages, API, admin, health. Each app brings its own list."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from . import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("", include("surveys.urls")),
    path("", include("feedback_loop.urls")),
    path("api/v1/figures/", include("analytics.api_urls")),
    path("api/v1/figures/", include("feedback_loop.api_urls")),
    path("api/v1/", include("surveys.api_urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive),
    path("readyz", health.ready),
    *([path("", include("feedback_loop.demo.urls"))] if settings.DEMO else []),
]
