"""Row 62: answers and strange links are limited by the minute, an office behind one address is not."""

import datetime as dt
import re
import socket
import time
import uuid

import pytest
import redis
import time_machine
from django.conf import settings as conf
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse

from surveys.delivery import links
from surveys.models import Door, OpenLink, Response
from surveys.pages import doors, throttle
from tests import factories
from tests.conftest import NOW, needs
from tests.sink import free_port

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def browser():
    return Browser(headers={"Accept-Language": "en"})


def hidden(page) -> dict:
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))
    return {**fields, "script": "1", "touched": "1"}


def path_of(invitation):
    return reverse("answer", args=[links.make(links.ANSWER, invitation.public_id.hex)])


def post(browser, path, address="192.0.2.1", **said):
    return browser.post(path, {**hidden(browser.get(path)), **said}, REMOTE_ADDR=address)


@pytest.fixture
def counter(acme):
    return OpenLink.objects.create(client=acme, survey=factories.make_survey(acme), name="counter")


# --- One link ---------------------------------------------------------------------------------------------------------


def test_a_link_takes_ten_steps_a_minute_and_loses_no_word(browser, acme, clock):
    path = path_of(factories.make_invitation(acme))
    assert [post(browser, path, score=str(n % 5 + 1)).status_code for n in range(10)] == [302] * 10
    before = Response.objects.values().get()
    refused = post(browser, f"{path}?change=1&lang=en", score="3", comment="Das alles wollte ich sagen.")
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    page = refused.content.decode()
    assert "Das alles wollte ich sagen." in page
    assert re.search(r'value="3"[^>]* checked', page)
    assert "wait a minute" in page
    assert Response.objects.values().get() == before
    assert browser.get(path + "thanks/").status_code == 200
    clock.shift(2 * MINUTE)
    assert post(browser, path, score="3").status_code == 302


def test_the_page_of_too_much_speaks_the_pages_language(browser, acme):
    path = path_of(factories.make_invitation(acme))
    for _ in range(10):
        post(browser, path, score="4")
    assert [post(browser, f"{path}?lang={language}", score="4")["Content-Language"] for language in ("de", "en")] == [
        "de",
        "en",
    ]


def test_wrong_forms_count_too(browser, acme):
    path = path_of(factories.make_invitation(acme))
    assert [post(browser, path, score="99").status_code for _ in range(11)] == [400] * 10 + [429]


def test_no_made_up_touch_gives_a_link_more_steps(browser, acme):
    path = path_of(factories.make_invitation(acme))
    statuses = [post(browser, path, score=str(n % 5 + 1), touched=chr(ord("a") + n)).status_code for n in range(12)]
    assert statuses == [302] * 10 + [429] * 2


# --- One address ------------------------------------------------------------------------------------------------------


def test_an_office_behind_one_address_is_not_held_up(browser, acme):
    """Fifty people, three steps each, within a minute."""
    paths = [path_of(factories.make_invitation(acme)) for _ in range(50)]
    statuses = {post(browser, path, score=str(step + 2)).status_code for step in range(3) for path in paths}
    assert statuses == {302}
    assert Response.objects.count() == 50


def test_the_sixty_first_link_of_a_minute_is_refused_from_there_only(browser, acme, clock):
    paths = [path_of(factories.make_invitation(acme)) for _ in range(62)]
    assert [post(browser, path, score="4").status_code for path in paths[:61]] == [302] * 60 + [429]
    assert post(browser, paths[60], score="4").status_code == 429  # trying again does not help
    assert post(browser, paths[0], score="3").status_code == 302  # who began goes on
    assert post(browser, paths[60], "198.51.100.7", score="4").status_code == 302
    clock.shift(2 * MINUTE)
    assert post(browser, paths[61], score="4").status_code == 302


@pytest.mark.parametrize(("most", "taken"), [(0, 8), (5, 5)])
def test_the_number_is_the_installations_choice(browser, acme, settings, most, taken):
    settings.ANSWERS_PER_MINUTE_AND_ADDRESS = most
    paths = [path_of(factories.make_invitation(acme)) for _ in range(8)]
    assert [post(browser, path, score="4").status_code for path in paths].count(302) == taken


@pytest.mark.parametrize(
    ("remote", "forwarded", "is_behind", "address"),
    [
        ("192.0.2.1", "", False, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", False, "192.0.2.1"),
        ("127.0.0.1", "203.0.113.9", True, "203.0.113.9"),
        ("127.0.0.1", "10.0.0.1, 8.8.8.8,203.0.113.9", True, "203.0.113.9"),
        ("127.0.0.1", "", True, "127.0.0.1"),
        ("127.0.0.1", "nonsense", True, ""),
        ("", "", False, ""),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "", False, "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "", False, "192.0.2.1"),
    ],
)
def test_whose_address_it_is(settings, remote, forwarded, is_behind, address):
    settings.BEHIND_PROXY = is_behind
    request = RequestFactory().get(
        "/", REMOTE_ADDR=remote, **({"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {})
    )
    assert throttle.address_of(request) == address


def test_forged_forwarding_does_not_make_more_of_one_address(browser, acme, settings):
    settings.ANSWERS_PER_MINUTE_AND_ADDRESS = 5
    for is_behind, tail in ((False, ""), (True, ", 203.0.113.9")):
        paths = [path_of(factories.make_invitation(acme)) for _ in range(8)]
        settings.BEHIND_PROXY = is_behind
        statuses = []
        for n, path in enumerate(paths):
            fields = {**hidden(browser.get(path)), "score": "4"}
            statuses.append(
                browser.post(path, fields, headers={"X-Forwarded-For": f"198.51.100.{n}{tail}"}).status_code
            )
        assert statuses.count(429) == 3


# --- Open links -------------------------------------------------------------------------------------------------------


def answer_at(browser, link, address="192.0.2.1"):
    return post(browser, doors.path_of(link), address, score="4").status_code


def test_an_open_link_takes_ten_of_one_address_a_minute(browser, acme, counter, clock):
    other = OpenLink.objects.create(client=acme, survey=counter.survey, name="other", door=Door.EMBED)
    assert [answer_at(browser, counter) for _ in range(11)] == [302] * 10 + [429]
    assert [answer_at(browser, other), answer_at(browser, counter, "198.51.100.7")] == [302, 302]
    clock.shift(2 * MINUTE)
    assert answer_at(browser, counter) == 302


def test_an_open_link_takes_two_hundred_a_minute_over_all(browser, counter):
    statuses = [answer_at(browser, counter, f"198.51.{n // 5}.{n % 5}") for n in range(201)]
    assert (statuses.count(302), statuses[200]) == (200, 429)
    assert Response.objects.count() == 200


# --- Strange links ----------------------------------------------------------------------------------------------------


def strange():
    return links.make_short("elsewhere", uuid.uuid4())


def test_who_tries_links_is_told_to_wait_and_still_reads_an_own_one(browser, acme, counter, clock):
    roots = ("s", "u", "o", "e", "k", "r")
    tried = [browser.get(f"/{roots[n % 6]}/{strange()}/").status_code for n in range(30)]
    assert tried == [404] * 30
    refused = [browser.get(f"/s/{strange()}/"), browser.post(f"/o/{strange()}/", {"score": "1"})]
    assert [(answer.status_code, answer["Retry-After"]) for answer in refused] == [(429, "60")] * 2
    assert "wait a minute" in refused[0].content.decode()
    path = path_of(factories.make_invitation(acme))
    assert (browser.get(path).status_code, browser.get(doors.path_of(counter)).status_code) == (200, 200)
    assert post(browser, path, "127.0.0.1", score="4").status_code == 302
    assert browser.get(f"/s/{strange()}/", REMOTE_ADDR="198.51.100.7").status_code == 404
    clock.shift(2 * MINUTE)
    assert browser.get(f"/s/{strange()}/").status_code == 404


def test_a_known_link_is_read_without_asking_the_counters(browser, acme, counter, monkeypatch):
    monkeypatch.setattr(throttle, "counters", lambda: pytest.fail("asked"))
    for path in (path_of(factories.make_invitation(acme)), doors.path_of(counter)):
        assert browser.get(path).status_code == 200


# --- Redis ------------------------------------------------------------------------------------------------------------


def counters_over(url):
    return throttle.Counters(url)


# How long a page may wait for a Redis that is gone: far above what it takes, far below what a person would notice.
SOON = 1.0


def test_a_redis_that_is_gone_holds_up_nobody_and_this_process_counts():
    counters = counters_over(f"redis://127.0.0.1:{free_port()}/0")
    begun = time.perf_counter()
    assert [counters.count("sheet", "one") for _ in range(12)] == list(range(1, 13))
    assert time.perf_counter() - begun < SOON


def test_a_redis_that_accepts_and_says_nothing_is_given_up_as_fast(silent_server):
    counters = counters_over(f"redis://127.0.0.1:{silent_server}/0")
    begun = time.perf_counter()
    assert [counters.count("sheet", "one") for _ in range(2)] == [1, 2]
    assert time.perf_counter() - begun < SOON


@pytest.fixture
def silent_server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def redis_url():
    needs("shared counters take REDIS_URL", bool(conf.REDIS_URL))
    yield conf.REDIS_URL
    client = redis.Redis.from_url(conf.REDIS_URL)
    for key in client.scan_iter("nachklang:limits*"):
        client.delete(key)
    client.close()


def test_two_processes_count_together(redis_url):
    first, second = counters_over(redis_url), counters_over(redis_url)
    whose = uuid.uuid4().hex
    assert [counters.count("sheet", whose) for _ in range(2) for counters in (first, second)] == [1, 2, 3, 4]
    first.forget("sheet", whose)
    assert second.count("sheet", whose) == 1


def test_the_first_step_of_a_minute_is_told_with_the_second(redis_url):
    first, second = counters_over(redis_url), counters_over(redis_url)
    sheets, address = [("sheet", uuid.uuid4().hex) for _ in range(4)], ("address", uuid.uuid4().hex)
    assert first.count_step(sheets[0], [address]) == [1, 1]
    assert second.count_step(sheets[1], [address]) == [1, 1]  # which first has not told anybody
    assert first.count_step(sheets[2], [address]) == [1, 2]
    assert second.count_step(sheets[3], [address]) == [1, 4]
    assert [counters.count_step(sheets[0], [address]) for counters in (first, second, first)] == [[2], [3], [4]]


def test_a_step_that_counts_for_nobody_else_is_told_alone(redis_url):
    counters, other = counters_over(redis_url), counters_over(redis_url)
    sheet, address = ("sheet", uuid.uuid4().hex), ("address", uuid.uuid4().hex)
    assert [counters.count_step(sheet, [address]) for _ in range(3)] == [[1, 1], [2], [3]]
    assert counters.count_step(("sheet", uuid.uuid4().hex), [address]) == [1, 2]
    assert other.count(*sheet) == 4
    assert other.count(*address) == 3


def test_redis_counts_again_once_it_is_back(redis_url, monkeypatch):
    counters, whose = counters_over(redis_url), uuid.uuid4().hex
    shared = counters._shared
    assert counters.count("sheet", whose) == 1
    monkeypatch.setattr(throttle, "RETRY_AFTER", 0.05)
    counters._shared = counters_over(f"redis://127.0.0.1:{free_port()}/0")._shared
    assert counters.count("sheet", whose) == 1  # of this process alone
    counters._shared = shared
    time.sleep(0.06)
    assert counters.count("sheet", whose) == 2
