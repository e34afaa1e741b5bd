"""Make an API key for one client: `manage.py create_api_key CLIENT NAME`."""

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from surveys.models import ApiKey, Client


class Command(BaseCommand):
    help = "Create an API key with which a client's system hands in contacts. It is shown once and stored as a hash."

    def add_arguments(self, parser) -> None:
        parser.add_argument("client", help="short name of the client")
        parser.add_argument("name", help="which system will use it")

    def handle(self, **options) -> None:
        client = Client.objects.filter(slug=options["client"]).first()
        if client is None:
            known = ", ".join(Client.objects.values_list("slug", flat=True)) or "–"
            raise CommandError(
                _("There is no client “%(slug)s”. There are: %(known)s") % {"slug": options["client"], "known": known}
            )
        if not 0 < len(options["name"]) <= ApiKey._meta.get_field("name").max_length:
            raise CommandError(_("The name must have 1 to 50 characters."))
        _key, secret = ApiKey.objects.create_key(client=client, name=options["name"])
        self.stderr.write(_("This key is shown once; keep it safe:"))
        self.stdout.write(secret)
