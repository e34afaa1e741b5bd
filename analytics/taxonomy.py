"""The starter taxonomy: the themes every client begins with (`taxonomy.yaml`), and the closed list of signals.

`key` is stable: exports, the API and evaluations use it. A client may rename, add, merge, split and retire themes; the
definitions say what belongs where. `side` says who can usually mend it.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Signal:
    """Not a theme: something in a comment that should wake a person."""

    key: str
    name_en: str
    name_de: str


SIGNALS: tuple[Signal, ...] = (
    Signal("churn_risk", "May leave or has left", "Wechselt vielleicht oder ist schon weg"),
    Signal("legal_threat", "Threatens legal steps", "Droht mit rechtlichen Schritten"),
    Signal("callback_wanted", "Wants to be called back", "Wünscht einen Rückruf"),
    Signal("vulnerable", "Distress, danger or discrimination", "Not, Gefahr oder Diskriminierung"),
    Signal("praise_for_agent", "Praises the person who helped", "Lobt die Person, die geholfen hat"),
    Signal("score_begging", "Was asked for a good score", "Wurde um eine gute Bewertung gebeten"),
)

SIGNAL_KEYS: tuple[str, ...] = tuple(signal.key for signal in SIGNALS)

STARTER: str = (Path(__file__).parent / "taxonomy.yaml").read_text("utf-8")  # as `themes.load` takes it
THEME_KEYS: tuple[str, ...] = tuple(theme["key"] for theme in yaml.safe_load(STARTER)["themes"])
