"""What the rules of a campaign were at any time: each verdict points to the very rules that made it."""

import datetime as dt

from ..models import Campaign, Login, RulesVersion
from .turns import alone_at

# What decides whether and when somebody is asked. The name, the owner and a pause are no rules.
FIELDS = (
    "survey_id", "kind", "medium", "starts_on", "share_percent", "salt", "quarantine_days", "kind_quarantine_days",
    "stale_days", "skips_goodwill", "skips_agent_initiated", "quota_per_day", "quota_per_agent_and_week", "delay_hours",
    "hour_from", "hour_until", "sending_days", "sends_on_holidays", "link_days", "reminder_days", "wave_days", "panels",
    "first_after_days", "reask_days",
)  # fmt: skip


def freeze(campaign: Campaign, at: dt.datetime, by: Login | None = None) -> RulesVersion:
    """The version of the rules as they stand on `campaign`; a new one only if something differs from the latest.

    `by`: who changed them, where it is known. Two at once make one version.
    """
    rules = snapshot(campaign)
    with alone_at(campaign.client_id):
        latest = campaign.rules_versions.first()
        if latest and latest.rules == rules:
            return latest
        number = latest.number + 1 if latest else 1
        return campaign.rules_versions.create(number=number, made_at=at, made_by=by, rules=rules)


def snapshot(campaign: Campaign) -> dict[str, object]:
    """Every rule by its field, in plain JSON; the audience as “audience <attribute>” and “audience not <attribute>”."""
    rules = {name: getattr(campaign, name) for name in FIELDS}
    # One spelling each: 25, "25" and 25.00 are one share, and the days of the week have no order of their own.
    rules["share_percent"] = f"{float(campaign.share_percent):g}"
    rules["starts_on"] = str(campaign.starts_on)
    rules["sending_days"] = sorted(campaign.sending_days)
    rules["kind"], rules["medium"] = str(campaign.kind), str(campaign.medium)
    for condition in campaign.audience.all():
        key = f"audience {'not ' if condition.is_excluded else ''}{condition.attribute}"
        rules[key] = sorted(map(str, condition.values))
    return rules


def changes(older: RulesVersion | None, newer: RulesVersion) -> list[tuple[str, object, object]]:
    """(field, before, after) of what differs, in the order of the fields; None stands for “not there”."""
    before, after = older.rules if older else {}, newer.rules
    names = [*FIELDS, *sorted((before.keys() | after.keys()) - set(FIELDS))]
    return [(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)]
