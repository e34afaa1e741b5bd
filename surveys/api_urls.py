"""The API's addresses below api/v1/: contacts in, and its description for programs and people."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from .api.answers import AnswersView
from .api.contacts import ContactsView
from .api.funnel import CampaignsView, FunnelView, VerdictsView
from .api.links import LinksView, QrPngView, QrSvgView
from .api.questions import QuestionsView
from .api.reported import ReportedCountsView

urlpatterns = [
    path("contacts/", ContactsView.as_view(), name="api-contacts"),
    path("campaigns/", CampaignsView.as_view(), name="api-campaigns"),
    path("campaigns/<int:campaign_id>/funnel/", FunnelView.as_view(), name="api-funnel"),
    path("campaigns/<int:campaign_id>/verdicts/", VerdictsView.as_view(), name="api-verdicts"),
    path("campaigns/<int:campaign_id>/links/", LinksView.as_view(), name="api-links"),
    path("campaigns/<int:campaign_id>/links/<uuid:public_id>/qr.svg", QrSvgView.as_view(), name="api-link-svg"),
    path("campaigns/<int:campaign_id>/links/<uuid:public_id>/qr.png", QrPngView.as_view(), name="api-link-png"),
    path("campaigns/<int:campaign_id>/questions/", QuestionsView.as_view(), name="api-questions"),
    path("campaigns/<int:campaign_id>/answers/", AnswersView.as_view(), name="api-answers"),
    path("reported-counts/", ReportedCountsView.as_view(), name="api-reported-counts"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="surveys/api_docs.html"),
        name="api-docs",
    ),
]
