"""How a digest reads: its frozen content as finished strings, the same ones in mail, text part and page.

Nothing is computed here but words, rounding and the widths of bars. Words for a change come from the test's verdict.
"""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics import figures
from analytics.periods import Period
from analytics.queries import SHOWN_FROM, VALUE_FROM
from analytics.scores import Verdict
from analytics.text import pieces
from surveys.models import Contact, Group, Invitation, Survey

from . import headline, report
from .words import Words

MOST_THEMES = 5  # where none changed clearly
MENDABLE_SHARE = 0.1  # of the eligible: from here on, a reason not to ask is bad news
UNDELIVERED_SHARE = 0.05  # of those asked


def present(content: dict, language: str) -> report.Report:
    """The report in a language (“de”, “en”)."""
    with translation.override(language):
        return _Writer(Words(content, language)).whole()


def axis_label(period: Period, language: str) -> str:
    """The name of a period below a chart: Okt, KW 45."""
    write = figures.week_number if period.kind == "week" else figures.month_short
    return write(period.first_on, language)


def trend_title(kind: str, rhythm: str, language: str) -> str:
    with translation.override(language):
        return (_("%s per week") if rhythm == "week" else _("%s per month")) % kind.upper()


class _Writer:
    """Reads one frozen content; must run under its language."""

    def __init__(self, words: Words) -> None:
        self.words, self.content, self.language = words, words.content, words.language
        self.period, self.is_week, self.now, self.then = words.period, words.is_week, words.now, words.then

    def whole(self) -> report.Report:
        content = self.content
        scores = headline.scores(self.words)
        trend, themes, sentences = content["trend"], content["themes"], self._sentences()
        return report.Report(
            client=content["client"],
            title=self._title(),
            span=figures.day_span(self.period.first_on, self.period.last_on, self.language),
            opening=_opening(content["salutation"], sentences),
            preview=" · ".join(score.summary() for score in scores),
            scores=scores,
            rates=headline.rates(self.words),
            trend_title=self._trend_heading(),
            trend_description=trend["description"] if trend else "",
            trend_rows=[self._trend_row(point, trend["kind"]) for point in trend["points"]] if trend else [],
            detectable=self._detectable(),
            bad_news=list(self._bad_news()),
            themes_intro=self._themes_intro(themes),
            theme_groups=self._theme_groups(themes["shares"]),
            themes_outro=self._themes_outro(themes),
            voices=[self._voice(voice) for voice in content["voices"]],
            cases=list(self._cases()),
            cases_promised=_("Promised: an answer within %s working days.") % content["cases"]["promised_days"],
            method=self._method(),
            provider=content["provider"],
            rhythm=_("This report comes every week.") if self.is_week else _("This report comes every month."),
        )

    def _title(self) -> str:
        if self.is_week:
            return _("Weekly report, %s") % self.now
        return _("Monthly report, %s") % figures.period_name(self.period, self.language)

    # --- The opening: only what a test says ---

    def _sentences(self) -> list[str]:
        return [*headline.changes(self.words), *self._theme_sentences(), *self._case_sentences()]

    def _theme_sentences(self) -> Iterable[str]:
        for verdict, sentence in (
            (Verdict.HIGHER, _("Clearly more often criticised: %s.")),
            (Verdict.LOWER, _("Clearly less often criticised: %s.")),
        ):
            names = [share["name"] for share in self.content["themes"]["shares"] if share["criticism"] == verdict]
            if names:
                yield sentence % ", ".join(names[:3])

    def _case_sentences(self) -> Iterable[str]:
        if overdue := self.content["cases"]["overdue"]:
            yield ngettext("One case is overdue.", "%(n)s cases are overdue.", overdue) % {
                "n": self.words.count(overdue)
            }

    def _trend_heading(self) -> str:
        trend = self.content["trend"]
        if not trend:
            return ""
        return f"{trend_title(trend['kind'], self.content['kind'], self.language)}, {_('95% interval')}"

    def _trend_row(self, point: dict, kind: str) -> report.TrendRow:
        first_on, estimate = date.fromisoformat(point["first_on"]), point["estimate"]
        week = f"{figures.week_number(first_on, self.language)} {first_on.isocalendar().year}"
        month = f"{figures.month_long(first_on, self.language)} {first_on.year}"
        keys, unit = ("value", "low", "high"), headline.UNITS[kind]
        numbers = (report.written(estimate[key], unit, self.language, digits=1) for key in keys)
        return report.TrendRow(week if self.is_week else month, *numbers, self.words.count(point["n"]))

    def _detectable(self) -> str:
        score = self.content["scores"][Survey.Kind.NPS]
        if not score["detectable"]:
            return ""
        values = {"n": self.words.count(score["n"]), "points": score["detectable"]}
        if self.is_week:
            return _("With %(n)s answers a week, changes of the NPS from %(points)s points on can be seen.") % values
        return _("With %(n)s answers a month, changes of the NPS from %(points)s points on can be seen.") % values

    # --- What did not go well ---

    def _bad_news(self) -> Iterable[report.BadNews]:
        if self.content["cases"]["overdue"]:
            yield self._overdue()
        for share in self.content["themes"]["shares"]:
            if share["criticism"] == Verdict.HIGHER:
                yield self._criticism(share)
        if rows := list(self._not_reached()):
            yield report.BadNews(_("Not everybody could be asked"), rows)

    def _overdue(self) -> report.BadNews:
        cases = self.content["cases"]
        since = figures.date_short(date.fromisoformat(cases["overdue_since"]), self.language)
        words = {"n": self.words.count(cases["overdue"]), "since": since}
        what = ngettext(
            "One person has been waiting longer than promised, since %(since)s.",
            "%(n)s people have been waiting longer than promised, the first since %(since)s.",
            cases["overdue"],
        )
        title = ngettext("One case overdue", "%(n)s cases overdue", cases["overdue"])
        promised = _("An answer within %(days)s working days") % {"days": cases["promised_days"]}
        return report.BadNews(title % words, [(_("What happened"), what % words), (_("Promised"), promised)])

    def _criticism(self, share: dict) -> report.BadNews:
        themes = self.content["themes"]
        what = _("Criticised in %(now)s of %(comments)s comments, %(then)s in %(before)s of %(comments_before)s.") % {
            "now": self.words.count(share["now"]["negative"]),
            "comments": self.words.count(themes["comments"]),
            "before": self.words.count(share["before"]["negative"]),
            "comments_before": self.words.count(themes["comments_before"]),
            "then": self.words.within(self.then),
        }
        title = _("Clearly more criticism: %s") % share["name"]
        return report.BadNews(title, [(_("What happened"), what), (_("Where"), _side(share["side"]))])

    def _not_reached(self) -> Iterable[tuple[str, str]]:
        asked = self.content["asked"]
        of = _("%(n)s of %(whole)s (%(share)s)")
        for reason, number in asked["mendable"]:
            if number >= max(SHOWN_FROM, MENDABLE_SHARE * asked["eligible"]):
                yield capfirst(Invitation.Reason(reason).label), self._part(of, number, asked["eligible"])
        lost = sum(number for state, number in asked["not_delivered"] if state in ("failed", "unknown", "bounced"))
        if lost >= max(SHOWN_FROM, UNDELIVERED_SHARE * asked["asked"]):
            yield _("Not delivered"), self._part(of, lost, asked["asked"])

    def _part(self, sentence: str, number: int, whole: int) -> str:
        share = self.words.percent(100 * number / whole)
        return sentence % {"n": self.words.count(number), "whole": self.words.count(whole), "share": share}

    # --- Themes ---

    def _themes_intro(self, themes: dict) -> str:
        if themes["comments"] < SHOWN_FROM:
            return _("Too few comments: themes are shown from %s on.") % SHOWN_FROM
        intro = ngettext("Share of one comment", "Share of %(n)s comments", themes["comments"]) % {
            "n": self.words.count(themes["comments"])
        }
        if all(share["now"]["total"] < SHOWN_FROM for share in themes["shares"]):
            return _("%s. No theme is named in as many as five.") % intro
        if not themes["compared"]:
            return _("%s. There are too few comments from before for a comparison.") % intro
        return _("%(intro)s, %(then)s → %(now)s. %(compared)s themes compared, corrected for their number.") % {
            "intro": intro,
            "then": self.then,
            "now": self.now,
            "compared": themes["compared"],
        }

    def _theme_groups(self, shares: list[dict]) -> list[report.ThemeGroup]:
        """Those that changed clearly, each in the first group that holds it; if none did, the most frequent ones."""
        groups = {
            ("verdict", Verdict.HIGHER): _("Clearly more often than %s"),
            ("verdict", Verdict.LOWER): _("Clearly less often than %s"),
            ("criticism", Verdict.HIGHER): _("Clearly more often criticised than %s"),
            ("criticism", Verdict.LOWER): _("Clearly less often criticised than %s"),
        }
        left, found = list(shares), []
        for (test, verdict), title in groups.items():
            changed = [share for share in left if share[test] == verdict]
            left = [share for share in left if share not in changed]
            found.append((title % self.words.within(self.then), changed))
        if len(left) == len(shares):
            most = [share for share in shares if share["now"]["total"] >= SHOWN_FROM][:MOST_THEMES]
            is_compared = any(share["verdict"] for share in shares)
            found = [(_("Most frequent; no clear change") if is_compared else _("Most frequent"), most)]
        return [report.ThemeGroup(title, [self._theme(share) for share in group]) for title, group in found if group]

    def _theme(self, share: dict) -> report.ThemeText:
        now, before = share["now"], share["share_before"]
        return report.ThemeText(
            name=share["name"],
            side=_side(share["side"]),
            before=self.words.percent(before["value"]) if before else "",
            share=self.words.percent(share["share"]["value"]),
            interval=self.words.interval(share["share"]),
            negative=self.words.count(now["negative"]),
            neutral=self.words.count(now["neutral"]),
            positive=self.words.count(now["positive"]),
            bar=report.bar(now),
        )

    def _themes_outro(self, themes: dict) -> str:
        if not themes["unclassified"] or themes["comments"] < SHOWN_FROM:
            return ""
        return ngettext(
            "In one comment no theme was certain.", "In %(n)s comments no theme was certain.", themes["unclassified"]
        ) % {"n": self.words.count(themes["unclassified"])}

    # --- Voices, cases, method ---

    def _voice(self, voice: dict) -> report.VoiceText:
        channel = str(Contact.Channel(voice["channel"]).label) if voice["channel"] else ""
        day = figures.date_short(date.fromisoformat(voice["on"]), self.language)
        given = _("%(score)s of %(top)s") % {"score": voice["score"], "top": voice["top"]}
        about = ", ".join(filter(None, [day, channel, given]))
        group = Group(voice["group"]).value
        return report.VoiceText(group, voice["score"], pieces(voice["text"]), about, voice["language"])

    def _cases(self) -> Iterable[str]:
        cases = self.content["cases"]
        words = {name: self.words.count(cases[name]) for name in ("opened", "resolved", "due", "kept", "overdue")}
        if not (cases["opened"] or cases["resolved"] or cases["due"]):
            yield _("No case was opened, resolved or due.")
        else:
            yield _("%(opened)s opened, %(resolved)s resolved.") % words
        if cases["due"]:
            kept = _("Of %(due)s due, %(kept)s were resolved in time") % words
            share = cases["kept_share"]
            figure = f": {self.words.percent(share['value'], 0)} ({self.words.interval(share)})" if share else ""
            yield f"{kept}{figure}."

    def _method(self) -> str:
        zone = self.content["zone"]
        frozen_at = datetime.fromisoformat(self.content["frozen_at"]).astimezone(ZoneInfo(zone))
        return " ".join(
            [
                _("NPS, CSAT and CES are never added up. Of several answers of one customer the latest counts."),
                _("CSAT is the share of 4 and 5 of 5, CES that of 5 to 7 of 7: who found it easy."),
                _("95% intervals: adjusted Wald (NPS), Wilson (shares). A change is named only if the test shows it."),
                _("Below %(least)s answers nothing is shown, below %(value)s only the range.")
                % {"least": SHOWN_FROM, "value": VALUE_FROM},
                _("Days as in %(zone)s. As of %(at)s; this report does not change any more.")
                % {"zone": zone, "at": figures.date_time(frozen_at, self.language)},
            ]
        )


def _opening(salutation: str, sentences: list[str]) -> str:
    """“Guten Tag Frau Brook, die Weiterempfehlung …”: after a salutation the sentence goes on in small letters."""
    text = " ".join(sentences)
    greeting = salutation.strip().rstrip(",.!")
    return f"{greeting}, {text[:1].lower()}{text[1:]}" if greeting else text


def _side(side: str) -> str:
    """Seen from the client's chair."""
    return {"service": _("On our side"), "client": _("On your side"), "both": _("Both sides")}[side]
