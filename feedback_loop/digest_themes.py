"""What a digest tells of themes and voices: of all kinds of survey together, and yet no small group of any of them.

Pages show each kind by itself, and digests of other periods stand beside this one. So of each period only those kinds
are looked at whose answers may be shown at all; and a theme is told where the mentions that pages hide, of whichever
kinds, are none or enough together. What is told of the comments never leaves fewer than five without the theme.

A known limit, as of `disclosure`: who takes both kinds of digest, and subtracts the weeks from their month, may compute
a theme's mentions on the few days at its ends.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from analytics import counts, disclosure, queries
from analytics.counts import By
from analytics.periods import Period
from analytics.queries import Mentions, Themes, ThemeShare, Voice
from analytics.scores import SHOWN_FROM
from analytics.small_groups import Shown, may_show
from surveys.models import Client, Survey


@dataclass(frozen=True)
class _Told:
    """Of one period: the kinds of survey that are looked at, and for each theme the mentions that pages hide."""

    kinds: Collection[str]
    hidden: dict[str, int]

    def allows(self, theme: int, mentions: int, comments: int) -> bool:
        """No mentions at all are no secret."""
        is_enough = may_show(mentions, [comments]) is not Shown.HIDDEN
        return not mentions or (is_enough and not 0 < self.hidden.get(str(theme), 0) < SHOWN_FROM)


def themes_and_voices(client: Client, period: Period) -> tuple[Themes, list[Voice]]:
    """As `queries.themes` and `queries.voices`, less what a small group could be told by."""
    before, now = _told(client, period)
    found = queries.themes(client, period, (before.kinds, now.kinds))
    shares = (_guarded(share, found, before, now) for share in found.shares)
    are_few = may_show(found.unclassified, [found.comments]) is Shown.HIDDEN
    return (
        replace(
            found,
            shares=tuple(share for share in shares if share),
            unclassified=0 if are_few else found.unclassified,
        ),
        queries.voices(client, period, now.kinds),
    )


def _guarded(share: ThemeShare, found: Themes, before: _Told, now: _Told) -> ThemeShare | None:
    """Without the period before, where that may not be told; nothing at all where this one may not."""
    if not now.allows(share.theme, share.now.total, found.comments):
        return None
    if before.allows(share.theme, share.before.total, found.comments_before):
        return share
    if not share.now.total:
        return None
    return replace(share, before=Mentions(), share_before=None, verdict=None, criticism=None)


def _told(client: Client, period: Period) -> list[_Told]:
    """Of the period before, and of this one."""
    run = [period.previous(), period]
    kinds: list[list[str]] = [[], []]
    hidden: list[dict[str, int]] = [{}, {}]
    for kind in Survey.Kind.values:
        naming = counts.counts(client, kind, run, By.THEME)
        for place, view in enumerate(disclosure.of(client, kind, run, By.THEME)):
            if view.whole is Shown.HIDDEN:
                continue
            kinds[place].append(kind)
            for theme, shown in view.parts.items():
                if theme and shown is Shown.HIDDEN:
                    n = sum(naming.get((place, theme), ()))
                    hidden[place][theme] = hidden[place].get(theme, 0) + n
    return [_Told(*of) for of in zip(kinds, hidden, strict=True)]
