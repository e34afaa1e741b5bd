"""The score of some answers by their groups, as every page here prints it."""

from surveys.models import Survey

from .. import scores
from ..scores import NPS_WORTH, SHARE_WORTH, SHOWN_FROM, VALUE_FROM, Change, Estimate, Groups, Worth


def worth(kind: str) -> Worth:
    """What an answer of the upper, middle and lower group is worth, in points or percent."""
    return NPS_WORTH if kind == Survey.Kind.NPS else SHARE_WORTH


def estimate(kind: str, groups: Groups) -> Estimate | None:
    """NPS in points; CSAT and CES as the share of the upper group in percent. None below `SHOWN_FROM` answers."""
    if sum(groups) < SHOWN_FROM:
        return None
    return scores.nps(*groups) if kind == Survey.Kind.NPS else scores.share(groups[0], sum(groups))


def change(kind: str, before: Groups, after: Groups) -> Change | None:
    """After against before, two sets of answers that share none. None where a side is too thin for a claim."""
    if min(sum(before), sum(after)) < VALUE_FROM:
        return None
    if kind == Survey.Kind.NPS:
        return scores.nps_change(before, after)
    return scores.share_change((before[0], sum(before)), (after[0], sum(after)))


def groups_of(counted: dict[str, int]) -> Groups:
    """From group → number."""
    return counted.get("promoter", 0), counted.get("passive", 0), counted.get("detractor", 0)
