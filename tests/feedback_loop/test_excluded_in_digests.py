"""A report names how many answers two people took out, and the score with them; one of old stays as it was."""

import datetime as dt

from feedback_loop import digests, presentation
from feedback_loop.models import Digest
from surveys import exclusions
from tests import factories
from tests.feedback_loop.test_digests import DUE, answers, subscribe


def built(client):
    subscription = subscribe(client, language="en")
    (_subscription, period), *_others = digests.due(DUE)
    return digests.build(digests.claim(subscription, period, DUE))[0]


def beside(content):
    return {figure.short: figure.beside for figure in presentation.present(content, "en").scores}


def test_a_digest_names_the_excluded_and_the_score_with_them(acme, analyst):
    told = answers(acme, [10] * 12 + [0] * 3)
    second = factories.make_login("bert")
    for response in told[-3:]:
        proposal = exclusions.propose(response, "staff", "", analyst, DUE - dt.timedelta(days=1))
        exclusions.confirm(proposal, second, DUE)
    content = built(acme)
    assert (content["scores"]["nps"]["n"], content["scores"]["nps"]["estimate"]["value"]) == (12, 100.0)
    assert content["scores"]["nps"]["excluded"]["n"] == 3
    assert beside(content)["NPS"] == "3 excluded by two people; score with them: 60."
    assert beside(content)["CSAT"] == ""


def test_a_digest_without_excluded_answers_says_nothing_of_them(acme):
    answers(acme, [10] * 12)
    assert set(beside(built(acme)).values()) == {""}


def test_a_digest_of_old_can_still_be_read(acme):
    answers(acme, [10] * 12)
    content = built(acme)
    for score in content["scores"].values():
        del score["excluded"]
    assert set(beside(content).values()) == {""}
    assert Digest.objects.count() == 1
