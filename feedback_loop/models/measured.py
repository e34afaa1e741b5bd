"""What an initiative and a target have in common: which answers they are about, and what was last seen of them."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.models import Theme
from surveys.models import Client, Survey, reach_of


class MeasuredQuerySet(models.QuerySet):
    def visible_to(self, login) -> "MeasuredQuerySet":
        """Analysts and viewers see those of their clients; leads those about their team alone; agents none."""
        reach = reach_of(login)
        if reach.is_everything:
            return self
        reached = Q(client__in=reach.analyst_clients | reach.viewer_clients)
        if reach.teams:
            reached |= Q(scope__team__in=[str(team) for team in reach.teams])
        return self.filter(reached)


class Measured(models.Model):
    """The score of a kind of survey, the share of its answers that name a theme or, of those who were asked, the share
    whose matter was solved: of the answers in `scope`.

    `scope` maps a dimension (`analytics.counts.By`) to the one value that it must have; empty: all of the client's.
    `state` and `seen` are what was found when somebody last looked (`looked_at`): lists show them.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="+", verbose_name=_("client"))
    kind = models.CharField(_("measured by"), max_length=4, choices=Survey.Kind.choices)
    theme = models.ForeignKey(
        Theme,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("mentions of"),
        help_text=_("Instead of the score: how many of 100 answers name this theme. Fewer are better."),
    )
    is_solved = models.BooleanField(
        _("matters solved"),
        default=False,
        help_text=_("Instead of the score: how many of 100 of those who are asked say that their matter is solved."),
    )
    scope = models.JSONField(_("where"), default=dict, blank=True)
    state = models.CharField(_("state"), max_length=16, blank=True, editable=False)
    seen = models.JSONField(default=dict, encoder=DjangoJSONEncoder, editable=False)
    looked_at = models.DateTimeField(_("last looked at"), null=True, editable=False)

    objects = MeasuredQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_of_score(self) -> bool:
        """Neither mentions nor matters solved."""
        return self.theme_id is None and not self.is_solved

    @property
    def is_share(self) -> bool:
        """In percent, else in points."""
        return self.theme_id is not None or self.is_solved or self.kind != Survey.Kind.NPS

    @property
    def is_more_better(self) -> bool:
        return self.theme_id is None
