"""The attributes of a client's contacts that numbers are broken down by, as its analysts choose them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from surveys.admin_scope import BY_CLIENT, ByAnalysts
from surveys.models import Reach

from ..models import ChosenAttribute


@admin.register(ChosenAttribute)
class ChosenAttributeAdmin(ByAnalysts):
    list_display = ("label", "name", "client")
    list_filter = (BY_CLIENT,)
    list_select_related = ("client",)
    search_fields = ("name", "label")
    empty_state = _("No attribute has been chosen yet. Contacts may bring some along, such as a tariff or a region.")

    def may_delete(self, reach: Reach, row: ChosenAttribute | None) -> bool:
        """Nothing is lost by it: answers and contacts keep what they bear."""
        if reach.is_everything or row is None:
            return reach.is_analyst
        return row.client_id in reach.analyst_clients
