"""By API: whether the sample is honest. What both sides look at, so that nobody has to believe the other."""

from dataclasses import dataclass, replace

from surveys.models.cuts import Cut

from ..honesty import balance, gating, reconciliation, weighting
from ..honesty.balance import Table
from ..honesty.gating import Monitor
from ..honesty.reconciliation import Comparison
from ..scores import Estimate, Weighted
from .asked import Asked
from .figures import figure


@dataclass(frozen=True)
class Balance:
    """Those who answered beside all who could have been asked.

    `weighted` is the score as it would be if both were made up alike: it stands beside the raw one, never instead.
    """

    table: Table
    raw: Estimate | None
    weighted: Weighted | None


@dataclass(frozen=True)
class Gating:
    """Whether everybody was as likely to be asked, in each campaign."""

    campaigns: tuple[Monitor, ...]


@figure(
    "balance",
    "Who answered, beside all who could have been asked",
    "By reason, channel, team, solved, wait, language and segment; and the score weighted by it.",
    filters=(),
)
def balanced(asked: Asked) -> Balance:
    beside = weighting.beside(asked.client, asked.kind, asked.period)
    return Balance(balance.table(asked.client, asked.kind, asked.period), beside.raw, beside.weighted)


@figure(
    "gating",
    "Whether some were asked less often than others",
    "The gating monitor: invitation rates by what is known of contacts, each with its test.",
    has_kind=False,
    filters=(),
)
def gated(asked: Asked) -> Gating:
    found = gating.monitor(asked.client, asked.period)
    return Gating(tuple(replace(one, checks=_without_agents(one)) for one in found))


@figure(
    "reconciliation",
    "Your own contact counts beside those that came in",
    "Day by day and queue by queue; a gap on one day is not filled by a surplus on the next.",
    has_kind=False,
    filters=(),
)
def reconciled(asked: Asked) -> Comparison:
    return reconciliation.compare(asked.client, asked.period)


def _without_agents(one: Monitor) -> tuple:
    return tuple(check for check in one.checks if check.by != Cut.AGENT)
