"""Was everybody who could be asked as likely to be asked? The gating monitor, and whether the draw kept to its rule.

Per campaign, for each has its own rules. A difference may be the rule as both sides agreed on it: the reasons stand
beside. Compared are values that are known; all tests of a client and period are one family (Benjamini and Hochberg).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from surveys.models import Campaign, Client, Invitation, RulesVersion
from surveys.models.cuts import Cut

from .. import scores
from ..periods import Period
from ..scores import SIGNIFICANCE, ChiSquare
from . import ledger

# Counted apart: when a contact ended has little to do with what it was, and both together are as many as contacts.
COURSE = (Cut.SOLVED, Cut.REOPENED, Cut.TRANSFERRED, Cut.GOODWILL, Cut.CHANNEL, Cut.TEAM, Cut.AGENT)
MOMENT = (Cut.HOUR, Cut.WEEKDAY)
CUTS = COURSE + MOMENT
LEAST = 10  # contacts; thinner values are compared as one
NOTABLE = 0.1  # standardised difference; a smaller one may be sure, and is still small
Reason = Invitation.Reason
# The rules as both sides agreed on them: who falls under them was not picked away.
AGREED = (Reason.GOODWILL, Reason.AGENT_INITIATED, Reason.OUTSIDE_AUDIENCE)
# Drawn, and lost only after the draw. The order of the rules stands in `eligibility`.
DRAWN = (Reason.QUARANTINE, Reason.QUOTA, Reason.UNDELIVERED, Reason.WITHDRAWN, Reason.REOPENED)


@dataclass(frozen=True)
class Slice:
    """The eligible contacts of one value, how many of them were asked, and why not the others, largest first."""

    value: str
    eligible: int
    asked: int
    reasons: tuple[tuple[str, int], ...] = ()

    @property
    def rate(self) -> float:
        """In percent."""
        return 100 * self.asked / self.eligible


@dataclass(frozen=True)
class Check:
    """One attribute. `test` is None where there is nothing to compare; `is_news` after Benjamini and Hochberg.

    `furthest`: the value whose rate is furthest from that of all others together, by `size` standard deviations;
    `rest`: those others. `is_by_rule`: without the contacts that an agreed rule leaves out no difference remains.
    """

    by: str
    slices: tuple[Slice, ...]
    test: ChiSquare | None
    furthest: Slice | None
    rest: Slice | None
    size: float
    is_by_rule: bool = False
    is_news: bool = False

    @property
    def is_sign(self) -> bool:
        return self.is_news and abs(self.size) >= NOTABLE and not self.is_by_rule


@dataclass(frozen=True)
class Draw:
    """What one version of the rules was to draw (`share`, in percent), and what it drew; `p` exact and two-sided."""

    rules: int
    share: float
    drawn: int
    n: int
    p: float
    is_news: bool = False


@dataclass(frozen=True)
class Monitor:
    """One campaign. Eligible are all but what was no conversation, spam or a test."""

    campaign: Campaign
    eligible: int
    asked: int
    checks: tuple[Check, ...]
    draws: tuple[Draw, ...]

    @property
    def signs(self) -> int:
        return sum(check.is_sign for check in self.checks) + sum(draw.is_news for draw in self.draws)


def monitor(client: Client, period: Period) -> tuple[Monitor, ...]:
    """One per campaign with eligible contacts; the customers of waves have none to be judged by. Four queries."""
    rows = ledger.verdicts(client, period).filter(contact__isnull=False)
    reasons: dict[int, dict[int | None, Counter]] = defaultdict(lambda: defaultdict(Counter))
    values: dict[tuple[int, str], dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    for cuts in (COURSE, MOMENT):
        for campaign, rules, reason, found, number in ledger.counted(rows, client, cuts, "campaign", "rules", "reason"):
            if cuts is COURSE:
                reasons[campaign][rules][reason] += number
            for by, value in zip(cuts, found, strict=True):
                values[campaign, by][value][reason] += number
    versions = RulesVersion.objects.in_bulk({rules for by_rules in reasons.values() for rules in by_rules if rules})
    campaigns = Campaign.objects.filter(client=client, pk__in=reasons).order_by("name")
    return _after_all_tests(
        [
            Monitor(
                campaign=each,
                eligible=sum(count.total() for count in reasons[each.pk].values()),
                asked=sum(count[""] for count in reasons[each.pk].values()),
                checks=tuple(check(by, _slices(values[each.pk, by])) for by in CUTS),
                draws=tuple(_draws(reasons[each.pk], versions)),
            )
            for each in campaigns
        ]
    )


def check(by: str, slices: Iterable[Slice]) -> Check:
    """Whether the values were asked alike: Pearson's χ² over those that are known, the thin ones as one."""
    slices = tuple(slices)
    known = [one for one in slices if one.value]
    thick, test = _thick(known), _test(known)
    pairs = [(one, _sum([other for other in known if other is not one])) for one in thick]
    sized = [(_size(one, rest), one, rest) for one, rest in pairs if rest.eligible]
    if test is None or not sized:
        return Check(by, slices, test, None, None, 0.0)
    # Of two values the rarer speaks: “unsolved contacts were asked half as often”.
    size, furthest, rest = max(sized, key=lambda found: (round(abs(found[0]), 9), -found[1].eligible))
    without = _test([_without_agreed(one) for one in known])
    is_by_rule = test.p < SIGNIFICANCE and (without is None or without.p >= SIGNIFICANCE)
    return Check(by, slices, test, furthest, rest, size, is_by_rule)


def _thick(slices: list[Slice]) -> list[Slice]:
    return [one for one in slices if one.eligible >= LEAST]


def _test(slices: list[Slice]) -> ChiSquare | None:
    rows = [*_thick(slices), _sum([one for one in slices if one.eligible < LEAST])]
    return scores.chi_square([(one.asked, one.eligible - one.asked) for one in rows if one.eligible])


def _without_agreed(one: Slice) -> Slice:
    left_out = sum(number for reason, number in one.reasons if reason in AGREED)
    return Slice(one.value, one.eligible - left_out, one.asked)


def _size(one: Slice, rest: Slice) -> float:
    return scores.standardised_difference((one.asked, one.eligible), (rest.asked, rest.eligible)) or 0.0


def _sum(slices: list[Slice]) -> Slice:
    return Slice("", sum(one.eligible for one in slices), sum(one.asked for one in slices))


def _slices(values: dict[str, Counter]) -> list[Slice]:
    slices = [
        Slice(
            value,
            reasons.total(),
            reasons[""],
            tuple((r, n) for r, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])) if r),
        )
        for value, reasons in values.items()
    ]
    return sorted(slices, key=lambda one: (-one.eligible, one.value))


def _draws(reasons: dict[int | None, Counter], versions: dict[int, RulesVersion]) -> Iterator[Draw]:
    """What each version of a campaign's rules drew. Where everybody is drawn there is nothing to check.

    Who objected between the draw and the mail is known as suppressed only, and stands on neither side.
    """
    for pk in sorted(reasons.keys() & versions.keys()):
        count, version = reasons[pk], versions[pk]
        drawn = count[""] + sum(count[reason] for reason in DRAWN)
        n, share = drawn + count[Reason.NOT_SAMPLED], float(version.rules.get("share_percent", 100))
        if n and (share < 100 or n > drawn):
            yield Draw(version.number, share, drawn, n, scores.sample_ratio(drawn, n, share / 100))


def _after_all_tests(monitors: list[Monitor]) -> tuple[Monitor, ...]:
    """With `is_news` set where a test stands after all of them were compared together."""
    p_values = [check.test.p for one in monitors for check in one.checks if check.test]
    p_values += [draw.p for one in monitors for draw in one.draws]
    news = dict(zip(p_values, scores.benjamini_hochberg(p_values), strict=True))
    return tuple(
        replace(
            one,
            checks=tuple(replace(each, is_news=bool(each.test and news[each.test.p])) for each in one.checks),
            draws=tuple(replace(draw, is_news=news[draw.p]) for draw in one.draws),
        )
        for one in monitors
    )
