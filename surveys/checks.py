"""What Django's own check (`manage.py check --database default`) finds wrong in an installation."""

import sys

from django.core.checks import Error, Tags, register
from django.db import DatabaseError
from django.utils.translation import gettext as _

from .delivery.identity import identity_gap
from .models import Client


@register(Tags.database)
def senders_are_named(app_configs, databases, **kwargs) -> list[Error]:
    """surveys.E001: an active client has campaigns, but no complete identity. Its messages wait until it has."""
    # `migrate` asks, too: an upgrade must not wait for a client's imprint.
    if not databases or "migrate" in sys.argv:
        return []
    try:
        asking = list(Client.objects.filter(is_active=True, campaigns__isnull=False).distinct())
    except DatabaseError:  # no tables yet
        return []
    return [
        Error(
            _("%(client)s has campaigns, but customers would not know who writes.") % {"client": client.name},
            hint=_("Fill in on the client's page: %(missing)s.") % {"missing": ", ".join(missing)},
            obj=client,
            id="surveys.E001",
        )
        for client in asking
        if (missing := identity_gap(client))
    ]
