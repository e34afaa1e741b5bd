"""Who may use the API. Apart from `api`, because Django REST framework loads its permissions before its views."""

from django.utils.translation import gettext_lazy
from rest_framework.request import Request
from rest_framework_api_key.permissions import BaseHasAPIKey

from .models import ApiKey


class HasClientKey(BaseHasAPIKey):
    """Lets in who shows a valid key, and notes whose it is as `request.client`."""

    model = ApiKey
    message = gettext_lazy("Send the header “Authorization: Api-Key …” with a valid key of your client.")

    def has_permission(self, request: Request, view: object) -> bool:
        key = self.get_key(request)
        if not key or not key.isprintable():  # a NUL would be an error of the database
            return False
        try:
            found = ApiKey.objects.get_from_key(key)
        except ApiKey.DoesNotExist:
            return False
        request.client = found.client
        return not found.has_expired and found.client.is_active
