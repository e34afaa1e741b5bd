"""How a digest reads: its frozen content as finished strings, the same ones in mail, text part and page.

Nothing is computed here but words, rounding and the widths of bars. Words for a change come from the test's verdict.
"""

from collections.abc import Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from analytics import figures
from analytics.figures import Unit
from analytics.periods import Period
from analytics.queries import SHOWN_FROM, VALUE_FROM
from analytics.scores import Estimate, Verdict
from analytics.text import pieces
from surveys.models import Contact, Group, Invitation, Survey

from . import report

MOST_THEMES = 5  # where none changed clearly
MENDABLE_SHARE = 0.1  # of the eligible: from here on, a reason not to ask is bad news
UNDELIVERED_SHARE = 0.05  # of those asked
UNITS: dict[str, Unit] = {Survey.Kind.NPS: "points", Survey.Kind.CSAT: "percent"}


def present(content: dict, language: str) -> report.Report:
    """The report in a language (“de”, “en”)."""
    with translation.override(language):
        return _Writer(content, language).whole()


def axis_label(period: Period, language: str) -> str:
    """The name of a period below a chart: Okt, KW 45."""
    write = figures.week_number if period.kind == "week" else figures.month_short
    return write(period.first_on, language)


def trend_title(kind: str, rhythm: str, language: str) -> str:
    with translation.override(language):
        if rhythm == "week":
            return _("NPS per week") if kind == Survey.Kind.NPS else _("CSAT per week")
        return _("NPS per month") if kind == Survey.Kind.NPS else _("CSAT per month")


class _Writer:
    """Reads one frozen content; must run under its language."""

    def __init__(self, content: dict, language: str) -> None:
        self.content, self.language = content, language
        first_on, last_on = date.fromisoformat(content["first_on"]), date.fromisoformat(content["last_on"])
        self.period = Period(content["kind"], first_on, last_on, content["zone"])
        self.is_week = content["kind"] == "week"
        self.now, self.then = self._name(self.period), self._name(self.period.previous())

    def whole(self) -> report.Report:
        content = self.content
        nps, csat = self._figure(Survey.Kind.NPS), self._figure(Survey.Kind.CSAT)
        trend, themes, sentences = content["trend"], content["themes"], self._sentences()
        return report.Report(
            client=content["client"],
            title=self._title(),
            span=figures.day_span(self.period.first_on, self.period.last_on, self.language),
            opening=_opening(content["salutation"], sentences),
            preview=" · ".join([nps.summary(), csat.summary()]),
            nps=nps,
            csat=csat,
            rates=self._rates(),
            trend_title=self._trend_heading(),
            trend_description=trend["description"] if trend else "",
            trend_rows=[self._trend_row(point, UNITS[trend["kind"]]) for point in trend["points"]] if trend else [],
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

    # --- Names of periods and numbers ---

    def _name(self, period: Period) -> str:
        """Inside sentences: Oktober, KW 45."""
        write = figures.week_number if self.is_week else figures.month_long
        return write(period.first_on, self.language)

    def _in(self, name: str) -> str:
        return pgettext("week", "in %s") % name if self.is_week else pgettext("month", "in %s") % name

    def _title(self) -> str:
        if self.is_week:
            return _("Weekly report, %s") % self.now
        return _("Monthly report, %s") % figures.period_name(self.period, self.language)

    def _count(self, n: int) -> str:
        return figures.count(n, self.language)

    def _percent(self, value: float | None, digits: int = 1) -> str:
        return figures.percent(value, digits, language=self.language)

    def _interval(self, estimate: dict, unit: Unit = "percent") -> str:
        return figures.interval(Estimate(**estimate), unit, self.language)

    def _value(self, estimate: dict, unit: Unit) -> str:
        return report.written(estimate["value"], unit, self.language)

    # --- The opening: only what a test says ---

    def _sentences(self) -> list[str]:
        return [*self._score_sentences(), *self._theme_sentences(), *self._case_sentences()]

    def _score_sentences(self) -> Iterable[str]:
        verdicts = {kind: score["verdict"] for kind, score in self.content["scores"].items()}
        if set(verdicts.values()) == {Verdict.NO_CLEAR_CHANGE}:
            yield _("Recommendation and satisfaction have not clearly changed.")
            return
        if not any(verdicts.values()):
            yield _("There is no comparison with the period before yet.")
            return
        names = {Survey.Kind.NPS: _("Recommendation"), Survey.Kind.CSAT: _("Satisfaction")}
        sentences = {
            Verdict.HIGHER: _("%(score)s is clearly higher than %(then)s."),
            Verdict.LOWER: _("%(score)s is clearly lower than %(then)s."),
            Verdict.NO_CLEAR_CHANGE: _("%(score)s has not clearly changed."),
        }
        for kind, verdict in verdicts.items():
            if verdict:
                yield sentences[verdict] % {"score": names[kind], "then": self._in(self.then)}

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
            yield ngettext("One case is overdue.", "%(n)s cases are overdue.", overdue) % {"n": self._count(overdue)}

    # --- Figures ---

    def _figure(self, kind: str) -> report.FigureText:
        score, unit = self.content["scores"][kind], UNITS[kind]
        estimate, n = score["estimate"], score["n"]
        is_nps = kind == Survey.Kind.NPS
        is_firm = estimate is not None and n >= VALUE_FROM
        interval = self._interval(estimate, unit) if estimate else ""
        return report.FigureText(
            name=_("Recommendation (NPS)") if is_nps else _("Satisfaction (CSAT)"),
            short="NPS" if is_nps else "CSAT",
            value=self._value(estimate, unit) if is_firm else "",
            interval=interval if is_firm or not estimate else _("range only: %s") % interval,
            evidence=figures.evidence(n, self.language),
            verdict=_figure_verdict(score) if estimate else "",
            before=self._before(score, unit),
            missing="" if estimate else self._missing(n),
            ruler=report.Ruler.of(Estimate(**estimate), unit, self.language) if estimate else None,
        )

    def _before(self, score: dict, unit: Unit) -> str:
        before = score["estimate_before"]
        if not before or score["n_before"] < VALUE_FROM:
            return ""
        return f"{self.then}: {self._value(before, unit)} ({self._interval(before, unit)})"

    def _missing(self, n: int) -> str:
        if not n:
            return _("no answers")
        answers = ngettext("one answer; a value is shown from %(least)s", "%(n)s answers; a value from %(least)s on", n)
        return answers % {"n": n, "least": SHOWN_FROM}

    def _rates(self) -> report.Rates:
        asked = self.content["asked"]
        counts = {step: self._count(asked[step]) for step in ("eligible", "asked", "answered")}
        of_asked, of_eligible = _("%(answered)s of %(asked)s asked."), _("%(asked)s of %(eligible)s were asked.")
        kinds = [
            f"{kind.upper()} {self._percent(part['response_rate'])}"
            for kind, part in sorted(asked["by_kind"].items(), reverse=True)
            if part["asked"]
        ]
        return report.Rates(
            response_rate=self._percent(asked["response_rate"]),
            response_evidence=of_asked % counts if asked["asked"] else _("Nobody was asked."),
            response_bar=report.width(asked["response_rate"]),
            coverage=self._percent(asked["coverage"]),
            coverage_evidence=of_eligible % counts if asked["eligible"] else "",
            coverage_bar=report.width(asked["coverage"]),
            by_kind=", ".join(kinds) if len(kinds) > 1 else "",
            losses=self._losses(asked["not_asked"]),
        )

    def _losses(self, reasons: list[tuple[str, int]]) -> str:
        parts = [f"{Invitation.Reason(reason).label} ({self._count(number)})" for reason, number in reasons]
        return _("Not asked: %s.") % ", ".join(parts) if parts else ""

    def _trend_heading(self) -> str:
        trend = self.content["trend"]
        if not trend:
            return ""
        return f"{trend_title(trend['kind'], self.content['kind'], self.language)}, {_('95% interval')}"

    def _trend_row(self, point: dict, unit: Unit) -> report.TrendRow:
        first_on, estimate = date.fromisoformat(point["first_on"]), point["estimate"]
        week = f"{figures.week_number(first_on, self.language)} {first_on.isocalendar().year}"
        month = f"{figures.month_long(first_on, self.language)} {first_on.year}"
        numbers = (report.written(estimate[key], unit, self.language, digits=1) for key in ("value", "low", "high"))
        return report.TrendRow(week if self.is_week else month, *numbers, self._count(point["n"]))

    def _detectable(self) -> str:
        score = self.content["scores"][Survey.Kind.NPS]
        if not score["detectable"]:
            return ""
        values = {"n": self._count(score["n"]), "points": score["detectable"]}
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
        words = {"n": self._count(cases["overdue"]), "since": since}
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
            "now": self._count(share["now"]["negative"]),
            "comments": self._count(themes["comments"]),
            "before": self._count(share["before"]["negative"]),
            "comments_before": self._count(themes["comments_before"]),
            "then": self._in(self.then),
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
        share = self._percent(100 * number / whole)
        return sentence % {"n": self._count(number), "whole": self._count(whole), "share": share}

    # --- Themes ---

    def _themes_intro(self, themes: dict) -> str:
        if themes["comments"] < SHOWN_FROM:
            return _("Too few comments: themes are shown from %s on.") % SHOWN_FROM
        intro = ngettext("Share of one comment", "Share of %(n)s comments", themes["comments"]) % {
            "n": self._count(themes["comments"])
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
            found.append((title % self._in(self.then), changed))
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
            before=self._percent(before["value"]) if before else "",
            share=self._percent(share["share"]["value"]),
            interval=self._interval(share["share"]),
            negative=self._count(now["negative"]),
            neutral=self._count(now["neutral"]),
            positive=self._count(now["positive"]),
            bar=report.bar(now),
        )

    def _themes_outro(self, themes: dict) -> str:
        if not themes["unclassified"] or themes["comments"] < SHOWN_FROM:
            return ""
        return ngettext(
            "In one comment no theme was certain.", "In %(n)s comments no theme was certain.", themes["unclassified"]
        ) % {"n": self._count(themes["unclassified"])}

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
        words = {name: self._count(cases[name]) for name in ("opened", "resolved", "due", "kept", "overdue")}
        if not (cases["opened"] or cases["resolved"] or cases["due"]):
            yield _("No case was opened, resolved or due.")
        else:
            yield _("%(opened)s opened, %(resolved)s resolved.") % words
        if cases["due"]:
            kept = _("Of %(due)s due, %(kept)s were resolved in time") % words
            share = cases["kept_share"]
            figure = f": {self._percent(share['value'], 0)} ({self._interval(share)})" if share else ""
            yield f"{kept}{figure}."

    def _method(self) -> str:
        zone = self.content["zone"]
        frozen_at = datetime.fromisoformat(self.content["frozen_at"]).astimezone(ZoneInfo(zone))
        return " ".join(
            [
                _("NPS and CSAT are never added up. Of several answers of one customer the latest counts."),
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


def _figure_verdict(score: dict) -> str:
    if score["is_new_series"]:
        return _("New wording, no comparison")
    words = {
        Verdict.HIGHER: _("Clearly higher"),
        Verdict.LOWER: _("Clearly lower"),
        Verdict.NO_CLEAR_CHANGE: _("No clear change"),
    }
    return words[score["verdict"]] if score["verdict"] else _("No comparison yet")


def _side(side: str) -> str:
    """Seen from the client's chair."""
    return {"service": _("On our side"), "client": _("On your side"), "both": _("Both sides")}[side]
