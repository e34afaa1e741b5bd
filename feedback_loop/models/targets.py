"""Targets: what was promised to a client for each period (the SLA), and what was said of them unasked."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from analytics.models import DriftAlert

from .measured import Measured


class Target(Measured):
    """A figure to be reached in every period that lies within its days. For mentions of a theme, not to be exceeded.

    Met is a target by the figure as it is printed, with one decimal: that is what a contract looks at.
    """

    class Period(models.TextChoices):
        MONTH = "month", _("month")
        QUARTER = "quarter", _("quarter")
        YEAR = "year", _("year")

    value = models.DecimalField(
        _("value"),
        max_digits=4,
        decimal_places=1,
        validators=[MinValueValidator(-100), MaxValueValidator(100)],
        help_text=_("NPS in points, all else in percent."),
    )
    period = models.CharField(_("in each"), max_length=7, choices=Period.choices, default=Period.MONTH)
    starts_on = models.DateField(_("from"), help_text=_("Periods that begin before this day do not count."))
    ends_on = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["client", "kind", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="target_days_in_order"
            ),
            models.CheckConstraint(condition=Q(value__gte=-100, value__lte=100), name="target_on_scale"),
        ]

    def __str__(self) -> str:
        what = self.theme or (_("matters solved") if self.is_solved else self.kind.upper())
        return f"{what}: {number_format(self.value)}"


class TargetNotice(models.Model):
    """Told of a target in one period: that it is about to be missed, or that this danger has passed. Each once."""

    class Direction(models.TextChoices):
        DANGER = "danger", _("about to be missed")
        PASSED = "passed", _("danger has passed")

    target = models.ForeignKey(Target, models.CASCADE, related_name="notices", verbose_name=_("target"))
    first_on = models.DateField(_("first day of the period"))
    direction = models.CharField(_("what was said"), max_length=6, choices=Direction.choices)
    chance = models.FloatField(_("chance of meeting it"))  # 0 to 1
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("notice of a target")
        verbose_name_plural = _("notices of targets")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["target", "first_on", "direction"], name="target_noticed_once"),
        ]

    def __str__(self) -> str:
        return self.get_direction_display()


class DriftNotice(models.Model):
    """A drift alert of which the client's analysts were told by mail."""

    alert = models.OneToOneField(DriftAlert, models.CASCADE, related_name="notice", verbose_name=_("drift alert"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("notice of drift")
        verbose_name_plural = _("notices of drift")

    def __str__(self) -> str:
        return str(self.alert)
