"""The API's addresses below api/v1/: contacts in, and its description for programs and people."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from .api.contacts import ContactsView

urlpatterns = [
    path("contacts/", ContactsView.as_view(), name="api-contacts"),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api-schema", template_name="surveys/api_docs.html"),
        name="api-docs",
    ),
]
