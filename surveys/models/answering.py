"""What comes back: one answer sheet per invitation, or one from a door that is open to all."""

import datetime as dt
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .asking import Question, Survey, SurveyVersion
from .people import LANGUAGES, Client, Customer, Login, Team
from .reach import reach_of
from .verdicts import Invitation


class Group(models.TextChoices):
    """The three groups of a score. CSAT: the unhappy (1–2), the middling (3), the happy (4–5). CES: 1–3, 4, 5–7."""

    DETRACTOR = "detractor", _("Detractor")
    PASSIVE = "passive", _("Passive")
    PROMOTER = "promoter", _("Promoter")


SETTLES = dt.timedelta(minutes=30)  # after which a sheet that was not sent to the end is taken as it is
# The first score of the scale, of the middle and of the upper group, and the last score.
SCALES = {Survey.Kind.NPS: (0, 7, 9, 10), Survey.Kind.CSAT: (1, 3, 4, 5), Survey.Kind.CES: (1, 4, 5, 7)}


def scale_of(kind: str) -> range:
    """Every score of the scale, lowest first."""
    first, _middle, _upper, last = SCALES[Survey.Kind(kind)]
    return range(first, last + 1)


def group_of(kind: str, score: int) -> Group:
    """The group of a score: NPS 0–6, 7–8, 9–10; CSAT 1–2, 3, 4–5; CES 1–3, 4, 5–7. ValueError outside the scale."""
    first, middle, upper, last = SCALES[Survey.Kind(kind)]
    if not first <= score <= last:
        raise ValueError(f"{score} is outside {first} to {last}")
    return Group.DETRACTOR if score < middle else Group.PASSIVE if score < upper else Group.PROMOTER


class Door(models.TextChoices):
    """By which way an answer came. Only the first two know whom they ask; the others are marked as unverified."""

    PERSONAL = "personal", _("personal link")
    API = "api", _("telephone or chat, by API")
    OPEN = "open", _("open link or QR code")
    EMBED = "embed", _("form on a help page")
    KIOSK = "kiosk", _("kiosk")

    @property
    def is_verified(self) -> bool:
        return self in (self.PERSONAL, self.API)


class OpenLink(models.Model):
    """A door for whoever comes by: on a counter, an invoice, a help page. Nobody knows who answers, and how often."""

    client = models.ForeignKey(Client, models.CASCADE, related_name="open_links", verbose_name=_("client"))
    survey = models.ForeignKey(Survey, models.PROTECT, related_name="open_links", verbose_name=_("survey"))
    name = models.CharField(_("name"), max_length=120, help_text=_("Where it hangs or stands. Only you see it."))
    door = models.CharField(
        _("kind"), max_length=8, choices=[(d.value, d.label) for d in Door if not d.is_verified], default=Door.OPEN
    )
    team = models.ForeignKey(
        Team,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="open_links",
        verbose_name=_("team"),
        help_text=_("Whose work is judged here, if it is one team's."),
    )
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("open link")
        verbose_name_plural = _("open links")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["client", "name"], name="open_link_once_per_client"),
            models.CheckConstraint(
                condition=Q(door__in=["open", "embed", "kiosk"]), name="open_link_is_a_door_for_all"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether a sheet can be begun there. One that was begun can be sent to its end; then it stays as it is."""
        return self.is_active and self.client.is_active


def _one_origin(name: str) -> models.CheckConstraint:
    """An answer is an invitation's, by a door that knows whom it asks, or an open link's."""
    verified = [door.value for door in Door if door.is_verified]
    known = Q(invitation__isnull=False, open_link__isnull=True, door__in=verified)
    anyone = Q(invitation__isnull=True, open_link__isnull=False) & ~Q(door__in=verified)
    return models.CheckConstraint(condition=known | anyone, name=name)


class ResponseQuerySet(models.QuerySet):
    def visible_to(self, login) -> "ResponseQuerySet":
        """Agents see answers to their own contacts, leads their team's, analysts and viewers their clients'."""
        reach = reach_of(login)
        asked = reach.rows(agent="invitation__agent", team="invitation__team")
        return self.filter(asked | reach.rows(agent="", team="open_link__team"))

    def verified(self) -> "ResponseQuerySet":
        """Answers of those whom we asked. The others are counted apart."""
        return self.filter(invitation__isnull=False)

    def counting(self) -> "ResponseQuerySet":
        """What scores are made of: of those whom we asked, and not excluded by two people (see `exclusions`)."""
        return self.verified().exclude(exclusions__state="confirmed")

    def unverified(self) -> "ResponseQuerySet":
        """Answers by a door that is open to all."""
        return self.filter(invitation__isnull=True)

    def settled(self, at: dt.datetime) -> "ResponseQuerySet":
        """Sent to the end, or left alone for half an hour: nobody is in the middle of it any more."""
        left = Q(submitted_at__lte=at - SETTLES) & (Q(changed_at=None) | Q(changed_at__lte=at - SETTLES))
        return self.filter(Q(completed_at__isnull=False) | left)


class Response(models.Model):
    """What one customer said. The score is there from the first step on; `completed_at` once the last one was sent.

    The customer may change it until the link expires: here stands what was said last, and in `first` what was said
    first, as `responses.snapshot` writes it.

    `customer` is the invitation's. It stands here, too, so that one index leads from an answer to the others of the
    same person: nothing is asked more often. Where the invitation's changes, the database changes it here.
    """

    client = models.ForeignKey(Client, models.CASCADE, related_name="responses", verbose_name=_("client"))
    invitation = models.OneToOneField(
        Invitation, models.CASCADE, null=True, blank=True, related_name="response", verbose_name=_("invitation")
    )
    customer = models.ForeignKey(
        Customer, models.SET_NULL, null=True, blank=True, db_index=False, related_name="+", verbose_name=_("customer")
    )
    open_link = models.ForeignKey(
        OpenLink, models.PROTECT, null=True, blank=True, related_name="responses", verbose_name=_("open link")
    )
    door = models.CharField(_("came by"), max_length=8, choices=Door.choices, default=Door.PERSONAL)
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.ForeignKey(
        SurveyVersion, models.PROTECT, related_name="responses", verbose_name=_("survey version")
    )
    kind = models.CharField(_("kind"), max_length=4, choices=Survey.Kind.choices)
    score = models.PositiveSmallIntegerField(_("score"))
    group = models.CharField(_("group"), max_length=9, choices=Group.choices, editable=False)
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    wants_call = models.BooleanField(_("may be called"), default=False)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    is_preselected = models.BooleanField(_("clicked in the mail"), default=False)
    submitted_at = models.DateTimeField(_("submitted"))
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed"), null=True, blank=True)
    first = models.JSONField(_("said first"), null=True, blank=True)

    objects = ResponseQuerySet.as_manager()

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="nps", score__range=(0, 10))
                | Q(kind="csat", score__range=(1, 5))
                | Q(kind="ces", score__range=(1, 7)),
                name="response_score_on_scale",
            ),
            _one_origin("response_of_invitation_or_open_link"),
            models.CheckConstraint(
                condition=Q(changed_at=None, first=None) | Q(changed_at__isnull=False, first__isnull=False),
                name="response_changed_keeps_first",
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(completed_at__gte=F("submitted_at")),
                name="response_completed_after_start",
            ),
        ]
        indexes = [
            models.Index(fields=["client", "kind", "submitted_at"]),
            models.Index(fields=["customer", "kind", "submitted_at"], name="response_of_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.score}, {self.get_group_display()}"

    def save(self, *args, **kwargs) -> None:
        self.group = group_of(self.kind, self.score)
        if self._state.adding and self.invitation:
            self.customer_id = self.invitation.customer_id
        super().save(*args, **kwargs)

    @property
    def top(self) -> int:
        """The last score of the scale: “3 of 10”."""
        return scale_of(self.kind)[-1]

    @property
    def is_verified(self) -> bool:
        return self.invitation_id is not None

    def is_settled(self, at: dt.datetime) -> bool:
        """As `ResponseQuerySet.settled`, of one row."""
        return bool(self.completed_at) or max(self.submitted_at, self.changed_at or self.submitted_at) <= at - SETTLES


class Answer(models.Model):
    """The answer to one question: a text (redacted before it was stored), a number on a scale, or a choice.

    Of several choices each is a row of its own. The survey's score stands in the response, and here not again.
    """

    response = models.ForeignKey(Response, models.CASCADE, related_name="answers", verbose_name=_("response"))
    question = models.ForeignKey(Question, models.PROTECT, related_name="answers", verbose_name=_("question"))
    text = models.TextField(_("text"), blank=True)
    value = models.PositiveSmallIntegerField(_("number"), null=True, blank=True)
    choice = models.SlugField(_("choice"), max_length=40, blank=True, db_index=False)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["question__position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["response", "question", "choice"], name="answer_once_per_choice"),
            models.CheckConstraint(
                condition=(~Q(text="") & Q(value=None, choice=""))
                | Q(text="", value__isnull=False, choice="")
                | (Q(text="", value=None) & ~Q(choice="")),
                name="answer_text_number_or_choice",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60] or self.choice or str(self.value)


class Visit(models.Model):
    """What machines leave behind on an answer page, once of each kind: evidence, never an answer.

    The first number clicked in the mail stands in the invitation (`clicked_score`); here stand further ones.
    """

    class Kind(models.TextChoices):
        HEAD = "head", _("asked only for the head of the page")
        CLICK = "click", _("another number clicked in the mail")
        DECOY = "decoy", _("followed a link that no person sees")

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="visits", verbose_name=_("invitation"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind.choices)
    score = models.PositiveSmallIntegerField(_("score"), default=0)  # of a click
    at = models.DateTimeField(_("first seen"))

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [models.UniqueConstraint(fields=["invitation", "kind", "score"], name="visit_once_of_its_kind")]

    def __str__(self) -> str:
        return self.get_kind_display()


class FlaggedSheetQuerySet(models.QuerySet):
    def standing(self, since: dt.datetime, until: dt.datetime) -> "FlaggedSheetQuerySet":
        """Those of a period that were not let count: of an invitation by what it is about, else by when they came."""
        about = Q(invitation__about_at__gte=since, invitation__about_at__lt=until)
        came = Q(invitation=None, submitted_at__gte=since, submitted_at__lt=until)
        return self.filter(about | came, restored_at=None)


class FlaggedSheet(models.Model):
    """An answer that bears the marks of a machine: kept, counted in every report, and in no score.

    It uses up no link: a person's later answer stands beside it as a Response. A person who reads it may find that it
    was no machine and let it count (`restored_at`), if no other answer does.
    """

    class Evidence(models.TextChoices):
        DECOY = "decoy", _("followed a link that no person sees")
        UNTOUCHED = "untouched", _("sent by script, without pointer or key")
        AT_ONCE = "at_once", _("sent at the moment the page was opened")
        FORGED = "forged", _("sent with a stamp that no page of ours bears")
        NO_PAGE = "no_page", _("sent without having opened the page")
        QUICK = "quick", _("sent within three seconds")
        SOON_AFTER_SENDING = "soon", _("answered within seconds of sending")
        SIBLINGS = "siblings", _("several numbers of the mail opened at once")
        HEAD_FIRST = "head_first", _("a scanner looked at the page just before")

    client = models.ForeignKey(Client, models.CASCADE, related_name="flagged_sheets", verbose_name=_("client"))
    invitation = models.ForeignKey(
        Invitation, models.CASCADE, null=True, blank=True, related_name="flagged_sheets", verbose_name=_("invitation")
    )
    open_link = models.ForeignKey(
        OpenLink, models.PROTECT, null=True, blank=True, related_name="flagged_sheets", verbose_name=_("open link")
    )
    door = models.CharField(_("came by"), max_length=8, choices=Door.choices)
    version = models.ForeignKey(SurveyVersion, models.PROTECT, related_name="+", verbose_name=_("survey version"))
    kind = models.CharField(_("kind"), max_length=4, choices=Survey.Kind.choices)
    score = models.PositiveSmallIntegerField(_("score"))
    language = models.CharField(_("language"), max_length=2, choices=LANGUAGES)
    sheet = models.JSONField(_("sheet"))
    evidence = models.JSONField(_("evidence"))
    submitted_at = models.DateTimeField(_("submitted"))
    restored_at = models.DateTimeField(_("counts since"), null=True, blank=True)
    restored_by = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("restored by")
    )

    objects = FlaggedSheetQuerySet.as_manager()

    class Meta:
        verbose_name = _("flagged answer")
        verbose_name_plural = _("flagged answers")
        ordering = ["-submitted_at", "-pk"]
        constraints = [_one_origin("flagged_sheet_of_invitation_or_open_link")]
        indexes = [models.Index(fields=["client", "kind", "submitted_at"], name="flagged_by_client")]

    def __str__(self) -> str:
        return f"{self.score}: {self.why}"

    @property
    def why(self) -> str:
        """What speaks for a machine, in words."""
        return ", ".join(str(self.Evidence(code).label) for code in self.evidence)
