"""What every reader of comments needs first: one spelling of characters, the language, and a fingerprint.

Pure functions without models. Redaction is not here: it happens before storage, in `surveys.redaction`; what it left
behind is put into the reader's words by `pieces`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from django.utils.translation import pgettext_lazy

_SAME_LENGTH = str.maketrans({
    "’": "'", "‘": "'", "‚": "'", "‛": "'", "`": "'", "´": "'", "ʼ": "'",
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "‹": '"', "›": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "―": "-", "−": "-",
    "\t": " ", "\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n",
    "\xad": " ", "\u200b": " ", "\ufeff": " ",
})  # fmt: skip
_ODD_SPACE = re.compile(r"[^\S\n ]")
_ODD_SPACES = "".join(_ODD_SPACE.findall("".join(map(chr, range(0x3001)))))  # beyond, there is none
_TO_EXCHANGE = re.compile(f"[{''.join(map(chr, _SAME_LENGTH))}{_ODD_SPACES}]")  # "-" is none of them
_WORD = re.compile(r"[^\W\d_]+")
_TOKEN = re.compile(r"⟦([^⟦⟧]*)⟧")
REDACTED = {
    "name": pgettext_lazy("redacted", "name"),
    "phone": pgettext_lazy("redacted", "phone number"),
    "email": pgettext_lazy("redacted", "email address"),
    "iban": pgettext_lazy("redacted", "account number"),
    "card": pgettext_lazy("redacted", "card number"),
    "link": pgettext_lazy("redacted", "link"),
    "number": pgettext_lazy("redacted", "number"),
}
LANGUAGE_SAMPLE = 1_000  # characters: enough to tell languages apart, and bounds the detector's time
SENTENCE = 3  # words; of fewer, only what is unmistakable counts
UNMISTAKABLE = 0.9  # the detector's confidence, 0 to 1


def normalise(text: str) -> str:
    """The text as rules match it: small letters, one kind of quote, dash, space and line end; umlauts stay.

    The result has exactly the length of `text`, so that a span found in it points into the stored text.
    (Characters whose small form is longer, such as İ, stay as they are. Composition to NFC changes lengths and
    therefore belongs before storage; `surveys.redaction.redact` does it.)
    """
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(small if len(small := char.lower()) == 1 else char for char in text)
    if _TO_EXCHANGE.search(lowered) is None:  # as most texts
        return lowered
    return _ODD_SPACE.sub(" ", lowered.translate(_SAME_LENGTH))


def language_of(text: str, languages: Sequence[str], fallback: str) -> str:
    """The ISO 639-1 code among `languages` that `text` is written in.

    `fallback` (the page's language) for one or two words that could be of several ("Super"), for a single language to
    choose from, and where the detector sees nothing it knows.
    """
    sample = text[:LANGUAGE_SAMPLE]
    choices = tuple(sorted(set(languages)))
    said = len(_WORD.findall(sample))
    if len(choices) < 2 or not said:
        return fallback
    likeliest = _detector(choices).compute_language_confidence_values(sample)[0]
    if not likeliest.value or (said < SENTENCE and likeliest.value < UNMISTAKABLE):
        return fallback
    return likeliest.language.iso_code_639_1.name.lower()


def fingerprint(text: str) -> str:
    """SHA-256 (hex) of the text in NFC: ties a machine's opinion to the words that it judged."""
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=32)
def _detector(codes: tuple[str, ...]):
    """Built once per set of languages; imported late because the language models cost memory and start time."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    known = [IsoCode639_1.from_str(code.upper()) for code in codes]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*known).build()


def pieces(text: str) -> list[tuple[str, bool]]:
    """The text cut at what was redacted: (words, was it redacted) in order; “⟦name⟧” becomes the word for it."""
    cut = _TOKEN.split(text)
    return [(_redacted(words) if place % 2 else words, place % 2 == 1) for place, words in enumerate(cut) if words]


def _redacted(kind: str) -> str:
    return str(REDACTED.get(kind, REDACTED["number"]))
