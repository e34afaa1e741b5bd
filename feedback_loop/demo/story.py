"""The cast and the plot: two client companies of the outsourcer Kontor Leineweg Kundenservice, and their year.

`make_world(end_on, seed, contacts_a_year)` is the only way in. The year is the 365 days before `end_on`, the demo's
today. Everything here is invented; customers have addresses at example.com, .net and .org and telephone numbers from
the ranges that regulators keep for fiction.
"""

import random
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from types import MappingProxyType

from feedback_loop.demo import names

PROVIDER = "Kontor Leineweg Kundenservice"
YEAR_DAYS = 365
CUSTOMERS = 900  # at each client
POSITIVE, NEUTRAL, NEGATIVE = 1, 0, -1


@dataclass(frozen=True)
class Staff:
    """Somebody with a login: `role` is team_lead, analyst or client_viewer; `team` is empty but for leads."""

    name: str
    email: str
    role: str
    team: str = ""


@dataclass(frozen=True)
class Agent:
    """`gift` is what this agent adds to a customer's satisfaction (about -0.1 to 0.1)."""

    external_id: str
    name: str
    title: str
    team: str
    gift: float

    @property
    def first_name(self) -> str:
        return self.name.split()[0]

    @property
    def last_name(self) -> str:
        return self.name.split()[-1]


@dataclass(frozen=True)
class Customer:
    """`email` may be empty or broken on purpose; `temper` shifts every satisfaction; `consent` is ja, nein or empty."""

    number: str
    name: str
    email: str
    phone: str
    language: str
    locale: str
    consent: str
    temper: float


@dataclass(frozen=True)
class Reason:
    """Why people get in touch. `name` is the telephone's Skill; `subjects_*` are of tickets, with {n} for a number."""

    name: str
    weight: float
    themes: tuple[str, ...]
    solved: float
    subjects_de: tuple[str, ...] = ()
    subjects_en: tuple[str, ...] = ()


@dataclass(frozen=True)
class Episode:
    """One chapter of the plot, on the half-open range of days [from_on, until_on).

    `share` of those days' contacts are touched by it: their `reason` (if any) is set, `feelings` come first in the
    customer's mind and `shift` moves the satisfaction. `volume` and `wait` are factors on all contacts of those days.
    """

    key: str
    from_on: date
    until_on: date
    share: float
    feelings: tuple[tuple[str, int], ...]
    shift: float
    reason: str = ""
    volume: float = 1.0
    wait: float = 1.0

    def is_on(self, day: date) -> bool:
        return self.from_on <= day < self.until_on


@dataclass(frozen=True, eq=False)
class Client:
    """One client company. Weights by weekday (Monday first) and month; opening hours are local, by weekday."""

    key: str
    name: str
    sentence_name_de: str
    sentence_name_en: str
    language: str
    address_form: str
    time_zone: str
    import_profile: str
    teams: tuple[str, ...]
    staff: tuple[Staff, ...]
    agents: tuple[Agent, ...]
    reasons: tuple[Reason, ...]
    opening: tuple[tuple[int, int], ...]
    weekday_weights: tuple[float, ...]
    month_weights: tuple[float, ...]
    theme_weights: Mapping[str, float]
    contacts_a_year: int
    episodes: tuple[Episode, ...] = ()
    customers: tuple[Customer, ...] = ()
    by_email: Mapping[str, Customer] = field(default_factory=dict)
    mean_weight: float = 1.0

    def episodes_on(self, day: date) -> list[Episode]:
        return [episode for episode in self.episodes if episode.is_on(day)]

    def weight(self, day: date) -> float:
        """How busy a day is, relative to the client's other days."""
        weight = self.weekday_weights[day.weekday()] * self.month_weights[day.month - 1]
        for episode in self.episodes_on(day):
            weight *= episode.volume
        return weight

    def expected_contacts(self, day: date) -> float:
        return self.contacts_a_year / YEAR_DAYS * self.weight(day) / self.mean_weight


@dataclass(frozen=True, eq=False)
class World:
    seed: int
    end_on: date
    clients: Mapping[str, Client]

    def days(self) -> list[date]:
        """The 365 days of the story, oldest first; the last one is yesterday."""
        return [self.end_on - timedelta(days=back) for back in range(YEAR_DAYS, 0, -1)]

    def rng(self, *labels: object) -> random.Random:
        """An own stream of chance per thing, so that one thing more changes nothing else."""
        return random.Random("|".join(map(str, (self.seed, *labels))))


def make_world(end_on: date, seed: int = 7, contacts_a_year: Mapping[str, int] | None = None) -> World:
    """The world whose today is `end_on`; `contacts_a_year` overrides the number of contacts by client key."""
    bare = World(seed, end_on, {})
    first_day = bare.days()[0]
    clients = {}
    for client, plot in ((NORDHEIM, _nordheim_plot), (ALDERFINCH, _alderfinch_plot)):
        people = _customers(client, bare.rng(client.key, "customers"))
        clients[client.key] = replace(
            client,
            contacts_a_year=(contacts_a_year or {}).get(client.key, client.contacts_a_year),
            episodes=plot(first_day, end_on),
            customers=people,
            by_email=MappingProxyType({person.email.lower(): person for person in people if person.email}),
        )
    clients = {
        key: replace(client, mean_weight=sum(map(client.weight, bare.days())) / YEAR_DAYS)
        for key, client in clients.items()
    }
    return World(seed, end_on, MappingProxyType(clients))


# The plot -------------------------------------------------------------------------------------------------------------


def _month(first_day: date, number: int) -> date:
    """The first day of the story's month 1 to 13 (13 is the end)."""
    return first_day + timedelta(days=round((number - 1) * YEAR_DAYS / 12))


def _nordheim_plot(first_day: date, end_on: date) -> tuple[Episode, ...]:
    outage_on = _month(first_day, 8) + timedelta(days=5)
    bill_feelings = (("billing", NEGATIVE), ("communication", NEGATIVE))
    return (
        Episode("harbour_outage", outage_on, outage_on + timedelta(days=14), 0.55,
                (("availability", NEGATIVE), ("waiting_time", NEGATIVE), ("communication", NEGATIVE)),
                -0.33, "Technik", volume=1.9, wait=3.2),
        Episode("billing_run", _month(first_day, 3), _month(first_day, 5), 0.36, bill_feelings, -0.3, "Rechnung",
                volume=1.15, wait=1.3),
        Episode("billing_mended", _month(first_day, 5), _month(first_day, 6), 0.16,
                (("billing", POSITIVE), ("resolution", POSITIVE)), 0.12, "Rechnung"),
        Episode("callback_promise", _month(first_day, 9), end_on + timedelta(days=366), 0.2,
                (("promise_kept", POSITIVE), ("waiting_time", POSITIVE)), 0.14, "Technik", wait=0.8),
    )  # fmt: skip


def _alderfinch_plot(first_day: date, end_on: date) -> tuple[Episode, ...]:
    worse_on, better_on = _before_christmas(first_day, end_on)
    returns_on = _month(first_day, 9)
    return (
        Episode("carrier_change", worse_on, better_on, 0.4, (("delivery", NEGATIVE), ("communication", NEGATIVE)),
                -0.24, "Delivery", volume=1.25, wait=1.5),
        Episode("carrier_mended", better_on, better_on + timedelta(days=42), 0.16, (("delivery", POSITIVE),), 0.12),
        Episode("app_crashes", _month(first_day, 6), _month(first_day, 7), 0.45,
                (("digital", NEGATIVE), ("ordering", NEGATIVE)), -0.27, "App & website", volume=1.2),
        Episode("kind_returns", returns_on, end_on + timedelta(days=366), 0.2,
                (("refund_goodwill", POSITIVE), ("process", POSITIVE)), 0.16, "Returns"),
    )  # fmt: skip


def _before_christmas(first_day: date, end_on: date) -> tuple[date, date]:
    """The season 15 November to 1 February that has most of its days inside the year (the earlier one if equal)."""
    seasons = [(date(year, 11, 15), date(year + 1, 2, 1)) for year in range(first_day.year - 1, end_on.year + 1)]
    return max(seasons, key=lambda season: min(season[1], end_on) - max(season[0], first_day))


# The customers --------------------------------------------------------------------------------------------------------


def pick(weights: Mapping, rng: random.Random):
    """One key of a mapping of weights."""
    return rng.choices(list(weights), list(weights.values()))[0]


def _customers(client: Client, rng: random.Random) -> tuple[Customer, ...]:
    return tuple(_customer(client.key, index, rng) for index in range(CUSTOMERS))


def _customer(client_key: str, index: int, rng: random.Random) -> Customer:
    language = pick(names.LANGUAGE_SHARE[client_key], rng)
    given, family = names.NAMES[pick(names.ORIGINS[client_key][language], rng)]
    first, last = rng.choice(given.split()), rng.choice(family.split())
    phone_language = "de" if client_key == "nordheim" or language == "de" else "en"
    return Customer(
        number=f"K{4000 + index * 7:06d}" if client_key == "nordheim" else f"AF{100300 + index * 11}",
        name=f"{first} {last}",
        email=_email(client_key, first, last, index, rng),
        phone=rng.choice(names.PHONES[phone_language]).format(rng.randrange(1000)),
        language=language,
        locale=pick(names.LOCALES[language], rng),
        consent=pick({"ja": 72, "nein": 18, "": 10}, rng),
        temper=rng.gauss(0, 0.09),
    )


def _email(client_key: str, first: str, last: str, index: int, rng: random.Random) -> str:
    """An address of its own (the index makes it unique); some people have none, one in seventy a broken one."""
    chance = rng.random()
    slug = f"{ascii_letters(first)}.{ascii_letters(last)}"
    if chance < names.NO_ADDRESS[client_key]:
        return ""
    if chance > 1 - 1 / 70:
        return rng.choice(names.BROKEN_ADDRESSES).format(slug=slug, first=first, last=last)
    return f"{slug}{index}@example.{pick({'com': 5, 'org': 3, 'net': 2}, rng)}"


def ascii_letters(text: str) -> str:
    """A name as people spell it in an address: ö becomes oe, ç becomes c, an apostrophe goes."""
    for letter, spelt in {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ł": "l", "ı": "i", "Ö": "Oe", "Ü": "Ue"}.items():
        text = text.replace(letter, spelt)
    plain = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalpha()).lower()


# The companies --------------------------------------------------------------------------------------------------------


def _agents(prefix: str, lines: str) -> tuple[Agent, ...]:
    rows = (line.split(";") for line in lines.strip().splitlines())
    return tuple(
        Agent(f"{prefix}{number}", name, title, team, float(gift))
        for number, (name, title, team, gift) in enumerate(rows, start=1)
    )


def _staff(client_domain: str, lines: str) -> tuple[Staff, ...]:
    people = []
    for name, role, team in (line.split(";") for line in lines.strip().splitlines()):
        domain = client_domain if role == "client_viewer" else "leineweg.example"
        address = ".".join(map(ascii_letters, name.split()))
        people.append(Staff(name, f"{address}@{domain}", role, team))
    return tuple(people)


_SERVICE_WEIGHTS = {
    "waiting_time": 1.5, "friendliness": 2.4, "competence": 1.5, "resolution": 2.2, "repeat_contact": 0.6,
    "promise_kept": 0.5, "transfer": 0.5, "communication": 1.2, "automation": 0.5, "processing_time": 0.9,
    "process": 0.5, "price": 0.4, "refund_goodwill": 0.3, "digital": 0.4, "trust": 0.25, "sales_pressure": 0.3,
    "billing": 0.3, "contract": 0.3, "ordering": 0.25, "delivery": 0.4, "availability": 0.4, "product_quality": 0.4,
}  # fmt: skip

NORDHEIM = Client(
    key="nordheim",
    name="Stadtwerke Nordheim",
    sentence_name_de="die Stadtwerke Nordheim",
    sentence_name_en="Stadtwerke Nordheim",
    language="de",
    address_form="Sie",
    time_zone="Europe/Berlin",
    import_profile="telephone",
    teams=("Team Energie", "Team Internet"),
    staff=_staff(
        "nordheim.example",
        """
Marlies Oltmann;team_lead;Team Energie
Tobias Reuter;team_lead;Team Internet
Katrin Seidel;analyst;
Hendrik Pauli;client_viewer;
""",
    ),
    agents=_agents(  # every letter exists in cp1252, the telephone system's character set
        "A20",
        """
Ulrike Thomsen;Frau;Team Energie;0.09
Mehmet Aydin;Herr;Team Energie;0.05
Dorota Zielinska;Frau;Team Energie;0.0
Jens Petersen;Herr;Team Energie;-0.1
Lan Pham;Frau;Team Internet;0.1
Amira Haddad;Frau;Team Internet;0.02
Björn Lüders;Herr;Team Internet;-0.03
Sanja Horvat;Frau;Team Internet;0.04
""",
    ),
    reasons=(
        Reason("Rechnung", 26, ("billing", "price", "communication"), 0.78),
        Reason("Technik", 21, ("availability", "delivery", "waiting_time"), 0.74),
        Reason("Internet", 19, ("availability", "product_quality", "delivery", "digital"), 0.7),
        Reason("Vertrag", 18, ("contract", "price", "process", "sales_pressure"), 0.84),
        Reason("Umzug", 9, ("contract", "ordering", "processing_time", "digital"), 0.86),
        Reason("Beschwerde", 7, ("trust", "refund_goodwill", "promise_kept", "repeat_contact"), 0.55),
    ),
    opening=((7, 20),) * 5 + ((8, 16), (9, 14)),
    weekday_weights=(1.4, 1.2, 1.1, 1.1, 1.0, 0.4, 0.2),
    month_weights=(1.3, 1.2, 1.05, 0.95, 0.9, 0.85, 0.8, 0.8, 0.95, 1.1, 1.1, 1.0),
    theme_weights={**_SERVICE_WEIGHTS, "waiting_time": 2.0, "promise_kept": 0.7},
    contacts_a_year=2500,
)

ALDERFINCH = Client(
    key="alderfinch",
    name="Alder & Finch",
    sentence_name_de="Alder & Finch",
    sentence_name_en="Alder & Finch",
    language="en",
    address_form="du",
    time_zone="Europe/London",
    import_profile="helpdesk",
    teams=("Customer Care EN", "Kundenservice DE"),
    staff=_staff(
        "alderfinch.example",
        """
Fiona Gallagher;team_lead;Customer Care EN
Jonas Eickhoff;team_lead;Kundenservice DE
Nadja Kornfeld;analyst;
Beatrice Alder;client_viewer;
""",
    ),
    agents=_agents(
        "B30",
        """
Priya Raman;Ms;Customer Care EN;0.1
Callum Reid;Mr;Customer Care EN;0.03
Ngozi Eze;Ms;Customer Care EN;0.05
Gareth Pugh-Lloyd;Mr;Customer Care EN;-0.09
Hanna Löwe;Ms;Kundenservice DE;0.07
Łukasz Wrona;Mr;Kundenservice DE;0.0
Ayla Güneş;Ms;Kundenservice DE;0.04
""",
    ),
    reasons=(
        Reason("Delivery", 30, ("delivery", "communication", "processing_time"), 0.74,
               ("Wo ist meine Bestellung {n}?", "Lieferung verspätet", "Liefertermin ändern", "Paket beschädigt, {n}"),
               ("Where is my order {n}?", "Late delivery", "Change of delivery date", "Damaged parcel {n}")),
        Reason("Returns", 22, ("refund_goodwill", "process", "processing_time"), 0.8,
               ("Rücksendung {n}", "Erstattung fehlt noch", "Umtausch"), ("Return {n}", "Refund missing", "Exchange")),
        Reason("Product", 19, ("product_quality", "availability", "price", "competence"), 0.82,
               ("Frage zum Sideboard", "Ersatzteil gesucht", "Wieder lieferbar?"),
               ("Question about the sideboard", "Spare part needed", "Back in stock?")),
        Reason("Payment", 11, ("billing", "price", "trust"), 0.82,
               ("Rechnung {n}", "Doppelt abgebucht", "Gutschein"), ("Invoice {n}", "Charged twice", "Voucher code")),
        Reason("Order", 10, ("ordering", "contract", "sales_pressure"), 0.86,
               ("Bestellung {n} ändern", "Adresse ändern", "Club kündigen"),
               ("Change order {n}", "New address", "Cancel club membership")),
        Reason("App & website", 8, ("digital", "ordering", "automation"), 0.66,
               ("App funktioniert nicht", "Login geht nicht"), ("App not working", "Cannot log in")),
    ),
    opening=((8, 20),) * 5 + ((9, 18), (10, 16)),
    weekday_weights=(1.35, 1.15, 1.05, 1.0, 1.0, 0.7, 0.55),
    month_weights=(1.25, 0.95, 0.9, 0.9, 0.9, 0.85, 0.8, 0.8, 0.9, 1.0, 1.3, 1.5),
    theme_weights={**_SERVICE_WEIGHTS, "delivery": 1.3, "product_quality": 1.0, "refund_goodwill": 0.6, "digital": 0.6,
                   "waiting_time": 1.0},
    contacts_a_year=2200,
)  # fmt: skip
