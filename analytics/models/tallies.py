"""How many gave which score, counted once and kept: by day of the client's calendar, and by what else is known."""

import enum

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from surveys.models import Client, SurveyVersion

MOST_ATTRIBUTES = 10  # of a client: each costs as many rows as agents do


class CountsIn(enum.IntFlag):
    """In which of the periods around its day a tally counts."""

    WEEK = 1
    MONTH = 2
    QUARTER = 4
    YEAR = 8


class Tally(models.Model):
    """Answers of one day and kind, less those that they follow in the same period: `n3` gave score 3.

    Only the sum over a whole period, or over its days up to one, is a number of answers: of each customer the latest
    until then. A day by itself may stand below zero. Not checked by the database: client and version, which answers
    bear that are. Days that are `Touched` may be wrong, and are never read.
    """

    client = models.ForeignKey(Client, models.CASCADE, db_index=False, db_constraint=False, related_name="+")
    day_on = models.DateField()
    n0 = models.IntegerField()
    n1 = models.IntegerField()
    n2 = models.IntegerField()
    n3 = models.IntegerField()
    n4 = models.IntegerField()
    n5 = models.IntegerField()
    n6 = models.IntegerField()
    n7 = models.IntegerField()
    n8 = models.IntegerField()
    n9 = models.IntegerField()
    n10 = models.IntegerField()
    counts_in = models.SmallIntegerField()  # CountsIn, never 0
    kind = models.CharField(max_length=4)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.day_on}, {self.kind}"


class DayTally(Tally):
    """By wording alone: few rows, so that all clients can be read at once."""

    pk = models.CompositePrimaryKey("client_id", "kind", "day_on", "version_id", "counts_in")
    version = models.ForeignKey(SurveyVersion, models.DO_NOTHING, db_index=False, db_constraint=False, related_name="+")


class CellTally(Tally):
    """By one dimension (see `dimensions`): an answer stands in one row of each, and under each of its themes."""

    pk = models.CompositePrimaryKey("client_id", "kind", "dimension", "day_on", "value", "counts_in")
    dimension = models.CharField(max_length=46)
    value = models.CharField(max_length=120)


class TalliedUntil(models.Model):
    """How far a client's tallies go: all answers before `until`, by days of this zone and by these attributes.

    `turn` counts what the sweep did, so that whoever reads in several steps sees that something came between.
    """

    client = models.OneToOneField(Client, models.CASCADE, primary_key=True, related_name="+")
    until = models.DateTimeField()
    zone = models.CharField(max_length=64, default="")
    attributes = models.JSONField(default=list)
    turn = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.client_id}: {self.until}"


class Touched(models.Model):
    """An hour (UTC) whose answers changed after their day may have been tallied; written by `triggers`.

    Only ever added to, so that no change waits for another; the sweep takes away what it has seen.
    """

    client = models.ForeignKey(Client, models.CASCADE, db_constraint=False, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.client_id}: {self.at}"


class ChosenAttribute(models.Model):
    """An attribute of a client's contacts by which numbers are tallied, and can be filtered and broken down."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="chosen_attributes", verbose_name=_("client"))
    name = models.CharField(
        _("attribute"),
        max_length=40,
        validators=[RegexValidator(r"\D", _("A number is no name for an attribute."))],
        help_text=_("As the client’s system sends it with each contact: “tariff”."),
    )
    label = models.CharField(_("label"), max_length=60, help_text=_("What pages and reports call it: “Tariff”."))

    class Meta:
        verbose_name = _("attribute for breakdowns")
        verbose_name_plural = _("attributes for breakdowns")
        ordering = ["label"]
        constraints = [models.UniqueConstraint(fields=["client", "name"], name="attribute_chosen_once")]

    def __str__(self) -> str:
        return self.label

    def clean(self) -> None:
        others = ChosenAttribute.objects.filter(client=self.client_id).exclude(pk=self.pk)
        if self.client_id and others.count() >= MOST_ATTRIBUTES:
            raise ValidationError(_("A client has at most %d attributes for breakdowns.") % MOST_ATTRIBUTES)
