"""The admin of `surveys`, by noun. It looks, and presses the same verbs that everything else uses.

Who sees and changes what stands in `admin_scope`.
"""

from django.contrib import admin
from django.contrib.auth.models import Group as PermissionGroup
from rest_framework_api_key.models import APIKey as UnboundKey

from . import (
    appearance,
    asking,
    campaigns,
    clients,
    contacts,
    exclusions,
    flagged,
    funnel,
    ledger,
    open_links,
    people,
    reported,
    sending,
    suppressions,
)

__all__ = [
    "appearance",
    "asking",
    "campaigns",
    "clients",
    "contacts",
    "exclusions",
    "flagged",
    "funnel",
    "ledger",
    "open_links",
    "people",
    "reported",
    "sending",
    "suppressions",
]

admin.site.enable_nav_sidebar = False
admin.site.site_url = None  # there is no other site to view
admin.site.unregister(PermissionGroup)  # permission rows decide nothing here
if admin.site.is_registered(UnboundKey):
    admin.site.unregister(UnboundKey)  # a key without a client opens nothing
