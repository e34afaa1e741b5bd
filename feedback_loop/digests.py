"""Digests: which are due, claim, build, send. An empty one is not sent; one that is sent never changes.

A digest is due from the hour of its subscription on, in the client's zone: on the Monday after a week, on the first of
the month after a month. Only the latest complete period is ever caught up: after a long standstill the client receives
one digest, not a flood. The constraint on (subscription, kind, first day) decides who builds it; a claim that its
worker left behind is taken over after `CLAIM_LASTS`. State and mail change in one transaction: sent once, or not yet.
"""

import base64
import datetime as dt
import logging
from dataclasses import asdict, replace

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Min, Q
from django.urls import reverse

from analytics import charts, disclosure, periods, queries, scores
from analytics.honesty import exclusions
from analytics.periods import Period
from analytics.queries import Beside, Funnel, PeriodScore, Score, Themes
from analytics.small_groups import Shown
from surveys import delivery
from surveys.delivery import links, mail
from surveys.models import Client, Survey

from . import headline, presentation
from .digest_themes import themes_and_voices
from .models import Case, CaseEvent, Digest, DigestSubscription

log = logging.getLogger(__name__)

CLAIM_LASTS = dt.timedelta(minutes=15)
LINK_LASTS = dt.timedelta(days=90)
LONGEST_PERIOD = dt.timedelta(days=63)  # a month and the time to be late with it
MENDABLE = ("no_address", "invalid_address", "no_legal_basis", "no_consent", "paused", "undelivered")
"""Reasons not to ask that somebody can do something about; the others are the rules as agreed."""

KINDS = (Survey.Kind.NPS, Survey.Kind.CSAT, Survey.Kind.CES)
ALWAYS = KINDS[:2]

State = Digest.State


def due(at: dt.datetime) -> list[tuple[DigestSubscription, Period]]:
    """Every active subscription whose latest complete period has no digest yet, or one left behind. Two queries."""
    active = DigestSubscription.objects.filter(is_active=True, client__is_active=True).select_related("client")
    recent = Digest.objects.filter(first_on__gte=(at - LONGEST_PERIOD).date())
    settled = recent.exclude(_left_behind(at)).values_list("subscription_id", "kind", "first_on")
    done = set(settled)
    found = [(each, periods.last_complete(at, each.kind, each.client.time_zone)) for each in active.order_by("pk")]
    return [
        (each, period)
        for each, period in found
        if (each.pk, each.kind, period.first_on) not in done
        and period.last_on >= each.starts_on
        and _send_at(each, period) <= at
    ]


def claim(subscription: DigestSubscription, period: Period, at: dt.datetime) -> Digest | None:
    """The digest to build, if it is ours: new by constraint, or taken over from a worker that died."""
    key = {"subscription": subscription, "kind": period.kind, "first_on": period.first_on}
    try:
        with transaction.atomic():
            return Digest.objects.create(
                **key, client=subscription.client, last_on=period.last_on, language=subscription.language, claimed_at=at
            )
    except IntegrityError:
        is_ours = Digest.objects.filter(_left_behind(at), **key).update(claimed_at=at)
        return Digest.objects.select_related("client", "subscription").get(**key) if is_ours else None


def build(digest: Digest) -> tuple[dict, charts.Chart | None]:
    """All that the digest says, as of its claim: JSON of counts, figures and verdicts, and the chart of the trend."""
    client, at = digest.client, digest.claimed_at
    period = period_of(digest)
    raw = {kind: queries.score(client, period, kind) for kind in KINDS}
    found = {kind: _protected(client, score) for kind, score in raw.items()}
    beside = {kind: queries.beside(client, period, kind) for kind in KINDS}
    asked = queries.funnels(client, period)
    found = {kind: score for kind, score in found.items() if kind in asked or _is_told(score, beside[kind])}
    chart = _trend(found, digest.language)
    themes, voices = themes_and_voices(client, period)
    content = {
        "client": client.name,
        "provider": ", ".join(filter(None, (settings.PROVIDER_NAME, settings.PROVIDER_ADDRESS))),
        "salutation": digest.subscription.salutation,
        "kind": digest.kind,
        "first_on": period.first_on.isoformat(),
        "last_on": period.last_on.isoformat(),
        "zone": period.zone,
        "frozen_at": at.isoformat(),
        "scores": {
            kind: _score(score) | {"beside": _beside(beside[kind]), **_excluded(client, score, raw[kind])}
            for kind, score in found.items()
        },
        "trend": _frozen_trend(found[chart[0]], chart[1]) if chart else None,
        "asked": _asked(asked),
        "themes": _themes(themes, digest.language),
        "voices": [asdict(voice) | {"on": voice.on.isoformat()} for voice in voices],
        "cases": _cases(client, period, at),
    }
    return content, chart[1] if chart else None


def is_empty(content: dict) -> bool:
    """Nobody was asked, nobody answered by whatever door, and nothing happened to a case."""
    answers = sum(
        score["n"] + score["is_withheld"] + sum(score["beside"].values()) for score in content["scores"].values()
    )
    return not (answers or content["asked"]["asked"] or content["cases"]["events"])


def send(digest: Digest, at: dt.datetime) -> bool:
    """Build what was claimed and queue its mail; False if it is empty or was taken over meanwhile."""
    content, chart = build(digest)
    ours = Digest.objects.filter(pk=digest.pk, state=State.CLAIMED, claimed_at=digest.claimed_at)
    if is_empty(content):
        ours.update(state=State.EMPTY, content=content)
        return False
    svg, images = (chart.svg(), {"trend": base64.b64encode(chart.png()).decode()}) if chart else ("", {})
    letter = mail.render("digest", mail_context(digest, content), digest.language)
    with transaction.atomic():
        if not ours.update(state=State.SENT, sent_at=at, content=content, chart_svg=svg):
            return False
        delivery.queue(
            client=digest.client,
            key=f"digest:{digest.pk}",
            to=digest.subscription.email,
            due_at=at,
            images=images,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
        )
    return True


def send_due(at: dt.datetime) -> int:
    """Build and queue every digest that is due; the number sent. One that fails must not hold up the others."""
    sent = 0
    for subscription, period in due(at):
        if digest := claim(subscription, period, at):
            try:
                sent += send(digest, at)
            except Exception:
                log.exception("digest %s could not be built; it is tried again after %s", digest.pk, CLAIM_LASTS)
    return sent


def period_of(digest: Digest) -> Period:
    return Period(digest.kind, digest.first_on, digest.last_on, digest.client.time_zone)


def mail_context(digest: Digest, content: dict) -> dict:
    """What the mail shows: the same report as the page, and the ways to the page and out of the subscription."""
    return {
        "language": digest.language,
        "report": presentation.present(content, digest.language),
        "digest_link": links.absolute(reverse("digest", args=[links.make(links.DIGEST, str(digest.pk))])),
        "stop_link": links.absolute(
            reverse("digest-stop", args=[links.make(links.DIGEST_STOP, str(digest.subscription_id))])
        ),
        "link_days": LINK_LASTS.days,
    }


def _left_behind(at: dt.datetime) -> Q:
    return Q(state=State.CLAIMED, claimed_at__lte=at - CLAIM_LASTS)


def _send_at(subscription: DigestSubscription, period: Period) -> dt.datetime:
    """The hour of the subscription on the day after the period; an hour that a clock change skips comes later."""
    day = period.last_on + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(subscription.send_hour), subscription.client.zone).astimezone(dt.UTC)


def _trend(found: dict[str, Score], language: str) -> tuple[str, charts.Chart] | None:
    """The chart of NPS; of CSAT, or else of CES, where it has not two firm periods yet."""
    for kind, score in found.items():
        firm = [place for place, part in enumerate(score.run) if part.is_firm and place >= score.begins]
        if len(firm) >= 2:
            points = [_point(part, language) for part in score.run[firm[0] :]]
            title = presentation.trend_title(kind, score.now.period.kind, language)
            return kind, charts.trend(points, language=language, unit=headline.UNITS[kind], title=title)
    return None


def _point(part: PeriodScore, language: str) -> charts.TrendPoint:
    label = presentation.axis_label(part.period, language)
    return charts.TrendPoint(label, part.period, part.estimate if part.is_firm else None)


def _frozen_trend(score: Score, chart: charts.Chart) -> dict:
    points = [
        {"first_on": part.period.first_on.isoformat(), "n": part.n, "estimate": _frozen(part.estimate)}
        for part in score.run[score.begins :]
        if part.is_firm
    ]
    return {"kind": score.kind, "description": chart.description(), "points": points}


def _score(score: Score) -> dict:
    now, before = score.now, score.before
    is_nps = score.kind == Survey.Kind.NPS
    return {
        "n": now.n,
        "groups": now.groups,
        "estimate": _frozen(now.estimate),
        "n_before": before.n,
        "estimate_before": None if score.is_new_series else _frozen(before.estimate),
        "verdict": score.change.verdict if score.change else None,
        "is_new_series": score.is_new_series,
        "detectable": scores.detectable_change(now.n, now.n) if is_nps and now.is_firm else None,
    }


def _protected(client: Client, score: Score) -> Score:
    """Nothing of the periods that are hidden lest others be computed."""
    views = disclosure.of(client, score.kind, [part.period for part in score.run])
    hidden = [part.n >= queries.SHOWN_FROM and view.whole is Shown.HIDDEN
              for part, view in zip(score.run, views, strict=True)]  # fmt: skip
    run = tuple(
        replace(part, groups=(0, 0, 0), estimate=None) if is_hidden else part
        for part, is_hidden in zip(score.run, hidden, strict=True)
    )
    return replace(score, run=run, change=None if any(hidden[-2:]) else score.change)


def _is_told(score: Score, beside: Beside) -> bool:
    """NPS and CSAT always are; effort where somebody was asked for it."""
    return score.kind in ALWAYS or any(part.n for part in score.run) or any(_beside(beside).values())


def _beside(found: Beside) -> dict:
    """What there is besides the answers that count, in numbers."""
    return {"provisional": sum(found.provisional), "flagged": found.flagged, "unverified": found.unverified}


def _excluded(client: Client, score: Score, raw: Score) -> dict:
    """How many answers two people took out, and the score with them, unless the one without them is withheld."""
    found = exclusions.with_and_without(client, score.kind, score.now.period)
    is_withheld = score.now.n < raw.now.n
    with_them = None if is_withheld else _frozen(found.with_them)
    return {"excluded": {"n": found.excluded, "estimate": with_them}, "is_withheld": is_withheld}


def _asked(parts: dict[str, Funnel]) -> dict:
    whole = queries.total(parts.values())
    return asdict(whole) | {
        "coverage": whole.coverage,
        "response_rate": whole.response_rate,
        "mendable": [pair for pair in whole.not_asked if pair[0] in MENDABLE],
        "by_kind": {kind: {"response_rate": part.response_rate, "asked": part.asked} for kind, part in parts.items()},
    }


def _themes(found: Themes, language: str) -> dict:
    shares = [
        {
            "name": share.name_de if language == "de" else share.name_en,
            "side": share.side,
            "now": asdict(share.now) | {"total": share.now.total},
            "before": asdict(share.before) | {"total": share.before.total},
            "share": _frozen(share.share),
            "share_before": _frozen(share.share_before),
            "verdict": share.verdict,
            "criticism": share.criticism,
        }
        for share in found.shares
        if max(share.now.total, share.before.total) >= queries.SHOWN_FROM
    ]
    return {
        "comments": found.comments,
        "comments_before": found.comments_before,
        "unclassified": found.unclassified,
        "compared": sum(share.verdict is not None for share in found.shares),
        "shares": shares,
    }


def _cases(client: Client, period: Period, at: dt.datetime) -> dict:
    """Opened, resolved and due in the period; overdue as of the claim. Two queries."""
    within = lambda column: Q(**{f"{column}__gte": period.start, f"{column}__lt": period.end})  # noqa: E731
    resolved = Q(state=Case.State.RESOLVED)
    overdue = ~resolved & Q(due_at__lt=at)
    found = Case.objects.filter(client=client).aggregate(
        opened=Count("pk", within("opened_at")),
        resolved=Count("pk", resolved & within("resolved_at")),
        due=Count("pk", within("due_at")),
        kept=Count("pk", within("due_at") & resolved & Q(resolved_at__lte=F("due_at"))),
        overdue=Count("pk", overdue),
        overdue_since=Min("due_at", filter=overdue),
    )
    events = CaseEvent.objects.filter(within("at"), case__client=client).count()
    since = found.pop("overdue_since")
    kept = scores.share(found["kept"], found["due"]) if found["due"] >= queries.SHOWN_FROM else None
    return found | {
        "events": events,
        "kept_share": _frozen(kept),
        "overdue_since": since and since.astimezone(client.zone).date().isoformat(),
        "promised_days": client.call_back_days,
    }


def _frozen(estimate: scores.Estimate | None) -> dict | None:
    return asdict(estimate) if estimate else None
