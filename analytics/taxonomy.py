"""The starter taxonomy: the themes every client begins with, and the closed list of signals.

`key` is stable: exports, the API and evaluations use it. A client may rename, add, merge and retire themes; the
definitions say what belongs where. `side` says who can usually mend it.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class StarterTheme:
    key: str
    name_en: str
    name_de: str
    side: Literal["service", "client", "both"]
    definition_en: str
    definition_de: str


@dataclass(frozen=True)
class Signal:
    """Not a theme: something in a comment that should wake a person."""

    key: str
    name_en: str
    name_de: str


THEMES: tuple[StarterTheme, ...] = (
    StarterTheme(
        "waiting_time",
        "Waiting & reachability",
        "Wartezeit & Erreichbarkeit",
        "service",
        "How long people waited to be served or answered, and whether anyone could be reached.",
        "Wie lange jemand auf Bedienung oder Antwort gewartet hat und ob jemand zu erreichen war.",
    ),
    StarterTheme(
        "friendliness",
        "Friendliness & empathy",
        "Freundlichkeit & Einfühlung",
        "service",
        "Tone, kindness, patience, respect; being listened to.",
        "Ton, Herzlichkeit, Geduld, Respekt; ob zugehört wurde.",
    ),
    StarterTheme(
        "competence",
        "Competence & correctness",
        "Kompetenz & Richtigkeit",
        "service",
        "Knew the answer, or gave wrong or contradictory information.",
        "Wusste Bescheid oder gab falsche oder widersprüchliche Auskunft.",
    ),
    StarterTheme(
        "resolution",
        "Problem solved",
        "Lösung des Anliegens",
        "both",
        "Whether the matter was solved, half solved or not solved.",
        "Ob das Anliegen gelöst, halb gelöst oder nicht gelöst wurde.",
    ),
    StarterTheme(
        "repeat_contact",
        "Repeated contact",
        "Mehrfachkontakt",
        "service",
        "Had to get in touch or explain again and again; or once was enough.",
        "Musste sich immer wieder melden oder alles neu erklären; oder einmal genügte.",
    ),
    StarterTheme(
        "promise_kept",
        "Promises & call-backs",
        "Zusagen & Rückruf",
        "service",
        "A promised call-back, message or visit that came, or did not.",
        "Ein zugesagter Rückruf, eine Nachricht oder ein Besuch, der kam oder ausblieb.",
    ),
    StarterTheme(
        "transfer",
        "Hand-overs & ownership",
        "Weiterleitung & Zuständigkeit",
        "both",
        "Passed around within one contact, nobody responsible, departments that do not talk.",
        "Innerhalb eines Kontakts weitergereicht, niemand zuständig, Abteilungen ohne Absprache.",
    ),
    StarterTheme(
        "communication",
        "Clarity & information",
        "Verständlichkeit & Information",
        "both",
        "Informed or left in the dark, clear or unclear, language barriers.",
        "Informiert oder im Unklaren gelassen, verständlich oder nicht, Sprachbarrieren.",
    ),
    StarterTheme(
        "automation",
        "Bots, menus & canned replies",
        "Bot, Sprachmenü & Textbausteine",
        "both",
        "Phone menus, chatbots, canned replies, no human to reach.",
        "Sprachmenüs, Chatbots, Textbausteine, kein Mensch zu erreichen.",
    ),
    StarterTheme(
        "processing_time",
        "Handling time",
        "Bearbeitungsdauer",
        "both",
        "How long the matter itself took, from the first word to the end.",
        "Wie lange die Sache selbst gedauert hat, vom ersten Wort bis zum Ende.",
    ),
    StarterTheme(
        "process",
        "Rules & room to decide",
        "Regeln & Entscheidungsspielraum",
        "client",
        "Bureaucracy, forms and rigid rules, or flexible and generous handling.",
        "Bürokratie, Formulare und starre Regeln oder flexibles, großzügiges Vorgehen.",
    ),
    StarterTheme(
        "delivery",
        "Delivery, dates & punctuality",
        "Lieferung, Termine & Pünktlichkeit",
        "client",
        "Late, lost or damaged deliveries, missed visits, late or cancelled journeys.",
        "Späte, verlorene oder beschädigte Lieferungen, verpasste Termine, verspätete oder ausgefallene Fahrten.",
    ),
    StarterTheme(
        "availability",
        "Outage & availability",
        "Störung & Verfügbarkeit",
        "client",
        "Out of service, outages, broken equipment, out of stock.",
        "Außer Betrieb, Ausfälle, defekte Anlagen, ausverkauft.",
    ),
    StarterTheme(
        "product_quality",
        "Product & performance",
        "Produkt & Leistung",
        "client",
        "Quality, comfort, cleanliness and features of what was bought.",
        "Qualität, Komfort, Sauberkeit und Eigenschaften des Gekauften.",
    ),
    StarterTheme(
        "price",
        "Price & value",
        "Preis & Leistung fürs Geld",
        "client",
        "Expensive, cheap, fees, worth the money.",
        "Teuer, günstig, Gebühren, das Geld wert.",
    ),
    StarterTheme(
        "billing",
        "Invoice & payment",
        "Rechnung & Zahlung",
        "client",
        "Wrong invoices, debits, reminders, ways to pay.",
        "Falsche Rechnungen, Abbuchungen, Mahnungen, Zahlungswege.",
    ),
    StarterTheme(
        "refund_goodwill",
        "Refund, return & goodwill",
        "Erstattung, Rückgabe & Kulanz",
        "client",
        "Refunds, vouchers, compensation, returns, warranty.",
        "Erstattungen, Gutscheine, Entschädigung, Rückgabe, Garantie.",
    ),
    StarterTheme(
        "contract",
        "Contract & cancellation",
        "Vertrag & Kündigung",
        "client",
        "Terms, cancellation, renewal, change of tariff, moving house.",
        "Bedingungen, Kündigung, Verlängerung, Tarifwechsel, Umzug.",
    ),
    StarterTheme(
        "ordering",
        "Ordering, booking & sign-up",
        "Bestellung, Buchung & Anmeldung",
        "client",
        "Ordering, booking, registration, activation.",
        "Bestellen, Buchen, Registrieren, Freischalten.",
    ),
    StarterTheme(
        "digital",
        "Website, app & self-service",
        "Website, App & Self-Service",
        "client",
        "Website, app, portal, login, online forms.",
        "Website, App, Portal, Login, Onlineformulare.",
    ),
    StarterTheme(
        "trust",
        "Privacy, security & honesty",
        "Datenschutz, Sicherheit & Vertrauen",
        "both",
        "Data leaks, fraud, lies; feeling cheated or safe.",
        "Datenlecks, Betrug, Lügen; sich betrogen oder sicher fühlen.",
    ),
    StarterTheme(
        "sales_pressure",
        "Advertising & sales pressure",
        "Werbung & Verkaufsdruck",
        "both",
        "Unwanted calls, upselling, advertising mail.",
        "Unerwünschte Anrufe, Aufschwatzen, Werbepost.",
    ),
    StarterTheme(
        "general",
        "General praise or complaint",
        "Allgemeines Lob, allgemeine Kritik",
        "both",
        "An opinion that names none of the other topics.",
        "Eine Meinung, die keines der anderen Themen nennt.",
    ),
)

SIGNALS: tuple[Signal, ...] = (
    Signal("churn_risk", "May leave or has left", "Wechselt vielleicht oder ist schon weg"),
    Signal("legal_threat", "Threatens legal steps", "Droht mit rechtlichen Schritten"),
    Signal("callback_wanted", "Wants to be called back", "Wünscht einen Rückruf"),
    Signal("vulnerable", "Distress, danger or discrimination", "Not, Gefahr oder Diskriminierung"),
    Signal("praise_for_agent", "Praises the person who helped", "Lobt die Person, die geholfen hat"),
    Signal("score_begging", "Was asked for a good score", "Wurde um eine gute Bewertung gebeten"),
)

THEME_KEYS: tuple[str, ...] = tuple(theme.key for theme in THEMES)
SIGNAL_KEYS: tuple[str, ...] = tuple(signal.key for signal in SIGNALS)
