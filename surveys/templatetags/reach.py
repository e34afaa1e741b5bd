"""Where a login belongs, for the head of every page of the admin."""

from django import template

from ..models import Client, Login, Team, reach_of

register = template.Library()


@register.simple_tag
def whereabouts(login: Login) -> str:
    """The team that a lead or agent belongs to, or the company of a client's viewer; nothing for wider reaches."""
    reach = reach_of(login)
    if reach.is_analyst:
        return ""
    names = list(Team.objects.filter(pk__in=reach.teams).values_list("name", flat=True))
    names += list(Team.objects.filter(agents__in=reach.agents).exclude(name__in=names).values_list("name", flat=True))
    names += list(Client.objects.filter(pk__in=reach.viewer_clients).values_list("name", flat=True))
    return ", ".join(names)
