"""Cases: the inner loop, with one customer."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import Client, Login, Response, Team, reach_of


class CaseQuerySet(models.QuerySet):
    def visible_to(self, login) -> "CaseQuerySet":
        """Agents see cases they own or that concern their contacts; leads their team's; analysts and viewers all."""
        reach = reach_of(login)
        if reach.is_everything or not login.is_active:
            return self.filter(reach.rows())
        reached = reach.rows(agent="response__invitation__agent", team="team")
        return self.filter(reached | Q(owner=login))

    def open(self) -> "CaseQuerySet":
        return self.exclude(state=Case.State.RESOLVED)


class Case(models.Model):
    """A follow-up with one customer. Closing it takes a cause and what was done about it."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        IN_PROGRESS = "in_progress", _("in progress")
        RESOLVED = "resolved", _("resolved")

    class Trigger(models.TextChoices):
        LOW_SCORE = "low_score", _("unhappy score")
        WANTS_CALL = "wants_call", _("wants a call")
        CHURN_RISK = "churn_risk", _("may leave")
        LEGAL_THREAT = "legal_threat", _("threatens legal steps")
        CALLBACK_WANTED = "callback_wanted", _("asks for a call in the comment")
        VULNERABLE = "vulnerable", _("in distress")

    class Cause(models.TextChoices):
        OUR_ADVICE = "our_advice", _("Our advice or manner")
        OUR_REACH = "our_reach", _("Our waiting time")
        OUR_PROMISE = "our_promise", _("A promise we did not keep")
        CLIENT_PROCESS = "client_process", _("A rule or process of the client")
        CLIENT_PRODUCT = "client_product", _("Product or price of the client")
        CLIENT_DELIVERY = "client_delivery", _("Delivery or outage at the client")
        CLIENT_BILLING = "client_billing", _("Invoice or payment at the client")
        MISUNDERSTANDING = "misunderstanding", _("A misunderstanding")
        NOT_REACHED = "not_reached", _("Customer could not be reached")

    client = models.ForeignKey(Client, models.CASCADE, related_name="cases", verbose_name=_("client"))
    response = models.OneToOneField(Response, models.CASCADE, related_name="case", verbose_name=_("response"))
    team = models.ForeignKey(Team, models.SET_NULL, null=True, blank=True, related_name="cases", verbose_name=_("team"))
    owner = models.ForeignKey(
        Login, models.SET_NULL, null=True, blank=True, related_name="cases", verbose_name=_("owner")
    )
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.OPEN)
    triggers = models.JSONField(_("why"), default=list)
    opened_at = models.DateTimeField(_("opened"))
    due_at = models.DateTimeField(_("due"))
    cause = models.CharField(_("cause"), max_length=20, choices=Cause.choices, blank=True)
    action = models.TextField(_("what was done"), blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        ordering = ["due_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="resolved") | (~Q(cause="") & ~Q(action="") & Q(resolved_at__isnull=False)),
                name="case_resolved_with_cause_and_action",
            ),
        ]
        indexes = [models.Index(fields=["client", "opened_at"]), models.Index(fields=["state", "due_at"])]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it: year of opening and running number."""
        return f"{self.opened_at:%Y}-{self.pk:04d}"

    @property
    def trigger_names(self) -> list[str]:
        return [str(self.Trigger(key).label) for key in self.triggers]


class CaseEvent(models.Model):
    """What happened to a case, one line each, never changed."""

    class Kind(models.TextChoices):
        OPENED = "opened", _("opened")
        TRIGGER = "trigger", _("new reason")
        ASSIGNED = "assigned", _("assigned")
        NOTE = "note", _("note")
        STARTED = "started", _("started")
        DUE = "due", _("due time changed")
        CHANGED = "changed", _("answer changed")
        RESOLVED = "resolved", _("resolved")
        REOPENED = "reopened", _("reopened")

    case = models.ForeignKey(Case, models.CASCADE, related_name="events", verbose_name=_("case"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(Login, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by"))
    note = models.TextField(_("note"), blank=True)
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        verbose_name = _("case event")
        verbose_name_plural = _("case events")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["case", "at"], condition=Q(kind="changed"), name="change_told_once"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
