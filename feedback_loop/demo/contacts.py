"""What happened on a day: the two exports, row by row, and behind each row what the customer felt.

`contacts_on(day, client_key, world)` gives that day's export, `export_bytes(rows, client_key)` the file, and
`mood(client_key, external_id, world)` the hidden truth of one row. `mood_of_customer(client_key, email, day, world)`
is the same for a wave, where no single contact is asked about. The external id carries its day and its place in it,
so that every conversation can be told again alone, in any order, with the same outcome.

A telephone call ends on its day; a ticket is exported on the day on which it was solved (or, if open, created).
About seven rows a month are dirty on purpose: see `_DIRT`.
"""

import csv
import io
import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feedback_loop.demo.story import NEGATIVE, POSITIVE, Agent, Client, Customer, Episode, Reason, World, pick

COLUMNS = {
    "nordheim": (
        "Anruf-Nr", "Datum", "Uhrzeit", "Skill", "Agent-ID", "Agent", "Rufnummer", "Kundennr", "Wartezeit (s)",
        "Gesprächszeit (min)", "Nachbearbeitung (s)", "Ergebnis", "Kulanz (EUR)", "E-Mail", "Einwilligung",
    ),
    "alderfinch": (
        "Ticket ID", "Created at", "Solved at", "Status", "Group", "Assignee", "Requester", "Requester email",
        "Channel", "Subject", "Tags", "Priority", "Locale", "Reopens",
    ),
}  # fmt: skip
ENCODINGS = {"nordheim": ("cp1252", ";"), "alderfinch": ("utf-8-sig", ",")}
_TICKETS_SINCE = date(2020, 1, 1)
_A_DAY = 1000  # places a day in an external id


@dataclass(frozen=True)
class Feeling:
    """One theme on somebody's mind; `episode` names the chapter of the plot that put it there."""

    theme: str
    sentiment: int
    episode: str = ""


@dataclass(frozen=True)
class Mood:
    """How somebody took it: `satisfaction` 0 to 1, `feelings` strongest first; `agent` is None in a wave."""

    client_key: str
    external_id: str
    day: date
    customer: Customer
    agent: Agent | None
    satisfaction: float
    feelings: tuple[Feeling, ...]
    is_solved: bool
    wait_seconds: int


@dataclass(frozen=True)
class _Talk:
    client: Client
    external_id: str
    starts_at: datetime  # local
    ends_at: datetime  # local
    customer: Customer
    agent: Agent
    reason: Reason
    episode: Episode | None
    wait_seconds: int
    outcome: str
    is_solved: bool
    goodwill: str


def contacts_on(day: date, client_key: str, world: World) -> list[dict[str, str]]:
    """The rows of that day's export, in the order of the day, the deliberately dirty ones last."""
    client = world.clients[client_key]
    count = _count(day, client, world)
    write = _ROWS[client_key]
    rows = [write(*_conversation(day, place, count, client, world)) for place in range(count)]
    if rows:
        for place, kind in enumerate(_dirt_on(day, client, world), start=count):
            extra = write(*_conversation(day, place, place + 1, client, world))
            rows.append(_dirty(kind, rows[0], extra, day, client))
    return rows


def export_bytes(rows: list[dict[str, str]], client_key: str) -> bytes:
    """The rows as the client's system would export them: cp1252 with semicolons, or UTF-8 with BOM and commas."""
    encoding, delimiter = ENCODINGS[client_key]
    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, COLUMNS[client_key], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return sheet.getvalue().encode(encoding)


def mood(client_key: str, external_id: str, world: World) -> Mood:
    """What the customer of this contact felt. Raises ValueError if the id is not of the client's form."""
    client = world.clients[client_key]
    day, place = _place_of(external_id, client_key)
    talk, rng = _conversation(day, place, max(_count(day, client, world), place + 1), client, world)
    satisfaction = _satisfaction(talk, rng)
    feelings = _feelings(client, talk.reason.themes, talk.episode, satisfaction, talk, rng)
    felt = (satisfaction, feelings, talk.is_solved, talk.wait_seconds)
    return Mood(client_key, external_id, day, talk.customer, talk.agent, *felt)


def mood_of_customer(client_key: str, email: str, day: date, world: World) -> Mood:
    """What a customer thinks of the company as a whole on a day, coloured by the plot of the last four weeks.

    Raises KeyError for an address that nobody in the story has.
    """
    client = world.clients[client_key]
    customer = client.by_email[email.lower()]
    rng = world.rng(client_key, customer.number, day)
    recent = [one for one in client.episodes if one.from_on <= day < one.until_on + timedelta(days=28)]
    latest_first = sorted(recent, key=lambda one: one.from_on, reverse=True)
    episode = next((one for one in latest_first if rng.random() < one.share), None)
    satisfaction = _clamp(0.66 + 1.3 * customer.temper + (episode.shift if episode else 0) + rng.gauss(0, 0.17))
    themes = ("price", "product_quality", "contract", "digital", "billing", "ordering", "delivery", "availability")
    feelings = _feelings(client, themes, episode, satisfaction, None, rng)
    return Mood(client_key, "", day, customer, None, satisfaction, feelings, satisfaction > 0.5, 0)


# One conversation -----------------------------------------------------------------------------------------------------


def _count(day: date, client: Client, world: World) -> int:
    """How many contacts a day brings: its expectation, a quarter up or down."""
    rng = world.rng(client.key, day, "count")
    expected = client.expected_contacts(day) * rng.uniform(0.75, 1.25)
    return min(int(expected + rng.random()), _A_DAY - 10)


def _external_id(day: date, place: int, client_key: str) -> str:
    if client_key == "nordheim":
        return f"C-{day:%y%m}-{day.day:02d}{place:03d}"
    return str((day - _TICKETS_SINCE).days * _A_DAY + place)


def _place_of(external_id: str, client_key: str) -> tuple[date, int]:
    """The inverse of `_external_id`."""
    if client_key == "nordheim":
        _, month, number = external_id.split("-")
        return date(2000 + int(month[:2]), int(month[2:]), int(number[:2])), int(number[2:])
    days, place = divmod(int(external_id), _A_DAY)
    return _TICKETS_SINCE + timedelta(days=days), place


def _conversation(day: date, place: int, count: int, client: Client, world: World) -> tuple[_Talk, random.Random]:
    """The conversation at this place of the day, and its stream of chance for what hangs on it."""
    external_id = _external_id(day, place, client.key)
    rng = world.rng(client.key, external_id)
    episode = next((one for one in client.episodes_on(day) if rng.random() < one.share), None)
    reason = _reason(client, episode, rng)
    customer = client.customers[int(len(client.customers) * rng.random() ** 1.3)]
    agent = _agent(client, reason, customer, rng)
    wait = _wait_seconds(client, day, rng)
    outcome, is_solved = _outcome(reason, episode, agent, wait, rng)
    at = _time_of_day(day, place, count, client, rng)
    starts_at, ends_at = (at, at) if client.key == "nordheim" else _ticket_times(at, outcome, rng)
    is_compensated = rng.random() < (0.18 if episode and episode.shift < 0 else 0.05)
    goodwill = rng.choice(("5,00", "10,00", "15,00", "20,00", "49,90")) if is_compensated else ""
    talk = _Talk(
        client, external_id, starts_at, ends_at, customer, agent, reason, episode, wait, outcome, is_solved, goodwill
    )
    return talk, rng


def _reason(client: Client, episode: Episode | None, rng: random.Random) -> Reason:
    if episode and episode.reason:
        return next(reason for reason in client.reasons if reason.name == episode.reason)
    return rng.choices(client.reasons, [reason.weight for reason in client.reasons])[0]


def _agent(client: Client, reason: Reason, customer: Customer, rng: random.Random) -> Agent:
    """Calls go by subject, tickets by language; one in eight lands in the other team."""
    if client.key == "nordheim":
        home = client.teams[reason.name in ("Internet", "Technik")]
    else:
        home = client.teams[customer.language == "de"]
    is_home = rng.random() > 0.12
    return rng.choice([agent for agent in client.agents if (agent.team == home) == is_home])


def _wait_seconds(client: Client, day: date, rng: random.Random) -> int:
    factor = math.prod(episode.wait for episode in client.episodes_on(day))
    return min(round(rng.lognormvariate(4.2, 0.95) * factor), 5400)


def _outcome(reason: Reason, episode: Episode | None, agent: Agent, wait: int, rng: random.Random) -> tuple[str, bool]:
    """The Ergebnis of a call (tickets translate it) and whether the matter was solved in truth."""
    if rng.random() < 0.015:
        return "falsch verbunden", False
    if rng.random() < 0.02 + min(wait, 1800) / 12000:
        return "aufgelegt", False
    chance = reason.solved + agent.gift + (episode.shift if episode else 0)
    if episode and episode.key == "callback_promise":
        return "Rückruf vereinbart", rng.random() < 0.9
    if rng.random() < chance:
        return "gelöst", rng.random() < 0.93
    return pick({"offen": 40, "Rückruf vereinbart": 35, "weitergeleitet": 25}, rng), rng.random() < 0.2


def _time_of_day(day: date, place: int, count: int, client: Client, rng: random.Random) -> datetime:
    """Each contact has its own slice of the day, so that ids follow the clock; mornings are busier than evenings."""
    opens, closes = client.opening[day.weekday()]
    share = min((place + rng.random()) / count, 0.999) ** 1.15
    return datetime.combine(day, time(opens)) + timedelta(minutes=int(share * (closes - opens) * 60))


def _ticket_times(at: datetime, outcome: str, rng: random.Random) -> tuple[datetime, datetime]:
    """A ticket written before it is solved: hours, at times days."""
    hours = min(rng.lognormvariate(2.3, 1.0), 240)
    return at - timedelta(hours=hours if outcome == "gelöst" else hours / 2), at


# What it felt like ----------------------------------------------------------------------------------------------------

# How much likelier (or less likely) praise for a theme is than the general satisfaction says.
_BIAS = {
    "friendliness": 0.25, "competence": 0.1, "product_quality": 0.05, "waiting_time": -0.1, "promise_kept": -0.15,
    "communication": -0.1, "trust": -0.25, "process": -0.2, "transfer": -0.35, "repeat_contact": -0.35, "price": -0.3,
    "automation": -0.4, "sales_pressure": -0.4, "billing": -0.2, "processing_time": -0.15, "availability": -0.25,
    "digital": -0.15, "delivery": -0.05, "ordering": -0.1, "contract": -0.1, "refund_goodwill": -0.05,
}  # fmt: skip
_FEELINGS = 5


def _clamp(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _satisfaction(talk: _Talk, rng: random.Random) -> float:
    """Solved or not weighs most, then the plot, the wait (0.25 for half an hour or more), agent, temper, chance."""
    wait = 0.25 * min(talk.wait_seconds, 1800) / 1800
    return _clamp(
        0.7
        + (0.1 if talk.is_solved else -0.27)
        + (talk.episode.shift if talk.episode else 0)
        + talk.agent.gift
        + talk.customer.temper
        - wait
        + rng.gauss(0, 0.13)
    )


def _feelings(
    client: Client, near: tuple[str, ...], episode: Episode | None, felt: float, talk: _Talk | None, rng: random.Random
) -> tuple[Feeling, ...]:
    """The plot's themes first, then others by weight: what the matter was about, what stood out in the contact."""
    feelings = [Feeling(theme, sentiment, episode.key) for theme, sentiment in episode.feelings] if episode else []
    weights = {theme: weight * _standing_out(theme, talk) for theme, weight in client.theme_weights.items()}
    for theme in near:
        weights[theme] = weights[theme] + 1.1
    for feeling in feelings:
        del weights[feeling.theme]
    while len(feelings) < _FEELINGS:
        theme = pick(weights, rng)
        del weights[theme]
        feelings.append(Feeling(theme, _sentiment(theme, felt, talk, rng)))
    return tuple(feelings)


def _standing_out(theme: str, talk: _Talk | None) -> float:
    """A factor on a theme's weight for what was remarkable in this contact."""
    if talk is None:
        return 0.5
    remarkable = {
        "waiting_time": talk.wait_seconds > 300,
        "resolution": not talk.is_solved,
        "transfer": talk.outcome == "weitergeleitet",
        "promise_kept": talk.outcome == "Rückruf vereinbart",
        "refund_goodwill": bool(talk.goodwill),
    }
    return 2.5 if remarkable.get(theme) else 1.0


def _sentiment(theme: str, satisfaction: float, talk: _Talk | None, rng: random.Random) -> int:
    chance = satisfaction + _BIAS.get(theme, 0)
    if talk and theme == "resolution":
        chance += 0.25 if talk.is_solved else -0.5
    if talk and theme == "waiting_time":
        chance += 0.25 if talk.wait_seconds < 60 else -0.6 * (talk.wait_seconds > 240)
    return POSITIVE if rng.random() < chance else NEGATIVE


# The two exports ------------------------------------------------------------------------------------------------------


def _telephone_row(talk: _Talk, rng: random.Random) -> dict[str, str]:
    is_dropped = talk.outcome == "aufgelegt"
    minutes = 0.2 if is_dropped else min(0.3 + rng.expovariate(1 / 4.5), 45)
    values = (
        talk.external_id,
        f"{talk.starts_at:%d.%m.%Y}",
        f"{talk.starts_at:%H:%M}",
        talk.reason.name,
        "" if is_dropped else talk.agent.external_id,
        "" if is_dropped else f"{talk.agent.last_name}, {talk.agent.first_name}",
        pick({talk.customer.phone: 80, "anonym": 10, "": 10}, rng),
        talk.customer.number,
        str(talk.wait_seconds),
        f"{minutes:.1f}".replace(".", ","),
        str(rng.randrange(5, 240)),
        talk.outcome,
        talk.goodwill,
        talk.customer.email,
        talk.customer.consent,
    )
    return dict(zip(COLUMNS["nordheim"], values, strict=True))


def _helpdesk_row(talk: _Talk, rng: random.Random) -> dict[str, str]:
    status = _status(talk.outcome, rng)
    is_finished = status in ("solved", "closed")
    tags = _tags(talk, rng)
    is_spam = "spam" in tags
    values = (
        talk.external_id,
        _utc(talk.starts_at if is_finished else talk.ends_at, talk.client),
        _utc(talk.ends_at, talk.client) if is_finished else "",
        status,
        talk.agent.team,
        talk.agent.name,
        talk.customer.name,
        "gewinn@example.net" if is_spam else talk.customer.email,
        pick({"email": 50, "web": 22, "chat": 20, "whatsapp": 8}, rng),
        "Congratulations, you have won" if is_spam else _subject(talk, rng),
        " ".join(tags),
        pick({"normal": 62, "high": 17, "low": 11, "urgent": 5, "": 5}, rng),
        talk.customer.locale,
        str(pick({0: 82, 1: 12, 2: 6} if talk.is_solved else {0: 55, 1: 28, 2: 12, 5: 5}, rng)),
    )
    return dict(zip(COLUMNS["alderfinch"], values, strict=True))


_ROWS = {"nordheim": _telephone_row, "alderfinch": _helpdesk_row}


def _status(outcome: str, rng: random.Random) -> str:
    if outcome == "falsch verbunden":
        return "deleted"
    if outcome in ("gelöst", "aufgelegt"):
        return pick({"solved": 62, "closed": 38}, rng)
    return pick({"solved": 55, "closed": 15, "open": 18, "pending": 12}, rng)


def _tags(talk: _Talk, rng: random.Random) -> list[str]:
    tags = ["goodwill"] if talk.goodwill else []
    chances = {"newsletter": 0.05, "vip": 0.04, "b2b": 0.04, "prio": 0.03, "phone_followup": 0.03, "merged": 0.02,
               "spam": 0.015, "internal_test": 0.01, "complaint": 0.03 if talk.is_solved else 0.2}  # fmt: skip
    return tags + [tag for tag, chance in chances.items() if rng.random() < chance]


def _subject(talk: _Talk, rng: random.Random) -> str:
    is_german = talk.customer.language == "de"
    subjects = talk.reason.subjects_de if is_german else talk.reason.subjects_en
    plain = rng.choice(subjects).format(n=rng.randrange(4_000_000, 5_000_000))
    reply = "Re: AW: " if is_german else "Re: "
    return pick({plain: 90, f"{reply}{plain}": 7, "(kein Betreff)" if is_german else "(no subject)": 3}, rng)


def _utc(local: datetime, client: Client) -> str:
    return f"{local.replace(tzinfo=ZoneInfo(client.time_zone)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


# Dirt -----------------------------------------------------------------------------------------------------------------

_DIRT = ("repeat", "30 February", "no id", "broken address", "noreply", "repeat", "broken address")
_SPOILT = {"nordheim": ("Anruf-Nr", "Datum", "E-Mail"), "alderfinch": ("Ticket ID", "Created at", "Requester email")}


def _dirt_on(day: date, client: Client, world: World) -> list[str]:
    """Which kinds of dirt fall on this day: each kind of `_DIRT` on one weekday of every month."""
    weekdays = [number for number in range(1, 29) if day.replace(day=number).weekday() < 5]
    drawn = world.rng(client.key, f"{day:%Y-%m}", "dirt").sample(weekdays, len(_DIRT))
    return [kind for number, kind in zip(drawn, _DIRT, strict=True) if number == day.day]


def _dirty(kind: str, first: dict[str, str], extra: dict[str, str], day: date, client: Client) -> dict[str, str]:
    """A row of this kind: a copy of the day's first, or one more conversation with something wrong in it."""
    id_column, date_column, mail_column = _SPOILT[client.key]
    february = f"30.02.{day.year}" if client.key == "nordheim" else f"{day.year}-02-30T09:15:00Z"
    changes = {
        "repeat": first,
        "30 February": {date_column: february},
        "no id": {id_column: ""},
        "broken address": {mail_column: "foo bar@example.com" if day.day % 2 else "kunde@@example.org"},
        "noreply": {mail_column: "noreply@example.com"},
    }
    return extra | changes[kind]
