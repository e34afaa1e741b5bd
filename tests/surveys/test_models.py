"""What the database itself refuses, and the small rules of single rows."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from surveys.models import Access, Campaign, group_of
from surveys.models.people import validate_zone
from tests import factories


@pytest.mark.parametrize("role", ["analyst", "viewer", "lead"])
def test_nobody_has_the_same_access_twice(acme, role):
    login, team = factories.make_login(), factories.make_team(acme) if role == "lead" else None
    factories.give_access(login, acme, role, team)
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.give_access(login, acme, role, team)
    assert Access.objects.count() == 1


@pytest.mark.parametrize(("role", "has_team"), [("lead", False), ("analyst", True)])
def test_a_lead_has_a_team_and_nobody_else_does(acme, role, has_team):
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.give_access(factories.make_login(), acme, role, factories.make_team(acme) if has_team else None)


@pytest.mark.parametrize("wave_days", [None, 0])
def test_a_periodic_campaign_has_days_between_its_waves(acme, wave_days):
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_campaign(acme, "nps", wave_days=wave_days)
    assert Campaign.objects.count() == 0


@pytest.mark.parametrize(
    ("kind", "scores"),
    [
        ("nps", {"detractor": range(7), "passive": range(7, 9), "promoter": range(9, 11)}),
        ("csat", {"detractor": range(1, 3), "passive": range(3, 4), "promoter": range(4, 6)}),
    ],
)
def test_every_score_has_its_group(kind, scores):
    for group, members in scores.items():
        assert [group_of(kind, score) for score in members] == [group] * len(members)


@pytest.mark.parametrize(("kind", "score"), [("nps", -1), ("nps", 11), ("csat", 0), ("csat", 6)])
def test_a_score_off_the_scale_has_none(kind, score):
    with pytest.raises(ValueError, match="outside"):
        group_of(kind, score)


@pytest.mark.parametrize("name", ["", "Europe", "Europe/Nordheim", "../etc/passwd", "Berlin"])
def test_what_is_no_time_zone_is_refused(name):
    with pytest.raises(ValidationError):
        validate_zone(name)


@pytest.mark.parametrize(
    ("asked_on", "due_on"),
    [
        ("2026-11-10", "2026-11-12"),
        ("2026-11-12", "2026-11-16"),
        ("2026-11-14", "2026-11-17"),
        ("2026-03-27", "2026-03-31"),
    ],
)
def test_a_call_is_promised_for_six_in_the_evening_two_working_days_later(acme, asked_on, due_on):
    due = acme.call_back_by(dt.datetime.fromisoformat(f"{asked_on}T10:00+00:00")).astimezone(acme.zone)
    assert (due.date().isoformat(), due.hour) == (due_on, 18)
