"""Initiatives: a change that a client or provider tries, with a before and an after."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .measured import Measured


class Initiative(Measured):
    """What was changed, by whom, where and from when. What came of it is told by `initiatives.effect`."""

    name = models.CharField(
        _("name"), max_length=60, help_text=_("Short: it stands in charts, and the client reads it.")
    )
    what = models.TextField(
        _("what was changed"), help_text=_("In a sentence or two. The client reads it, so name nobody who serves.")
    )
    by = models.CharField(_("by whom"), max_length=120, help_text=_("A department or a role, with you or the client."))
    hoped_change = models.PositiveSmallIntegerField(
        _("change worth having, in points"),
        default=5,
        validators=[MinValueValidator(1)],
        help_text=_("The smallest change for the better that would be worth the effort."),
    )
    starts_on = models.DateField(_("from"))
    run_in_days = models.PositiveSmallIntegerField(
        _("run-in, in days"),
        default=14,
        help_text=_("So long things may get worse before they get better: these days are not judged."),
    )
    ends_on = models.DateField(
        _("until"),
        null=True,
        blank=True,
        help_text=_("The last day that is judged. Empty: twelve weeks after the run-in."),
    )
    control = models.JSONField(_("compared with"), default=dict, blank=True)

    class Meta:
        verbose_name = _("initiative")
        verbose_name_plural = _("initiatives")
        ordering = ["-starts_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="initiative_days_in_order"
            ),
            models.CheckConstraint(condition=Q(hoped_change__gte=1), name="initiative_hopes_for_something"),
        ]

    def __str__(self) -> str:
        return self.name
