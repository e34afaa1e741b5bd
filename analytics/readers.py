"""Who reads a client's comments in a language: its own model, and until it has one the rules.

A reader judges texts, not answers; `classification` stores what it says. Themes that a model was never taught are
found by their words all the while, and signals are always a matter of rules.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from surveys.models import Client

from . import rules, themes
from .models import Reading, ThemeModel
from .rules import Finding
from .taxonomy import THEME_KEYS

if TYPE_CHECKING:
    import numpy as np

    from .learning import Model  # costs 60 MB, which a process that reads no comments need not have
    from .learning.model import Embed

log = logging.getLogger(__name__)

COLUMN = {key: place for place, key in enumerate(THEME_KEYS)}
MODELS_KEPT = 16  # open at a time in a process, of some megabytes each
HITS = "hits"  # the name of what the rules find, as a model remembers it
OWN = "own:"  # before the key of a theme that a model knows, where a client's own words name it, too
ALONE = "general"  # the theme that never stands beside another


class UnusableModel(Exception):
    """A stored model cannot read: what it was trained with is not there any more, or we do not know its format."""


class ForgedModel(UnusableModel):
    """A stored model does not bear our signature for its client, language and number; it was not opened."""


@dataclass(frozen=True)
class Judgement:
    """What a reader says of one text; `margin` and `unseen` (0 to 1) are None where rules alone read."""

    outcome: str
    findings: tuple[Finding, ...] = ()
    signals: tuple[str, ...] = ()
    margin: float | None = None
    unseen: float | None = None


@dataclass(frozen=True)
class Reader:
    """`judge` takes texts of one language and says one Judgement for each, in order; each text by itself.

    `model` is what it has learned; None where rules alone read.
    """

    source: str
    version: str
    judge: Callable[[Sequence[str]], list[Judgement]]
    model: "Model | None" = None


def reader_for(client: Client, language: str) -> Reader:
    """The one in use now. An unusable one is passed over, and logged at every call until somebody mends it."""
    own = themes.own_words(client, language)
    in_use = ThemeModel.objects.filter(client=client, language=language, state=ThemeModel.State.ACTIVE)
    if (row := in_use.defer("data", "card").first()) is not None:
        try:
            return reader_of(row, own)
        except UnusableModel as unusable:
            log.error("%s", unusable)
    return rules_reader(language, own)


def rules_reader(language: str, own: rules.Words = ()) -> Reader:
    """What reads before anybody has corrected a comment."""
    return Reader(Reading.Source.RULES, rules.RULES_VERSION, partial(_by_rules, language, own))


def reader_of(row: ThemeModel, own: rules.Words = ()) -> Reader:
    """The reader that one trained version is, in use or not. UnusableModel if it cannot read, or is not ours."""
    model = _opened(row.pk, (row.client_id, row.language, row.number, row.signature))
    return Reader(Reading.Source.MODEL, row.version, partial(_by_model, model, own), model)


def is_usable(row: ThemeModel) -> bool:
    """Whether the version can read; one that is not ours was not opened."""
    try:
        reader_of(row)
    except UnusableModel:
        return False
    return True


def sign(row: ThemeModel, secret: str | None = None) -> str:
    """HMAC-SHA256 (hex) over the model and all that says whose it is, by a key made from SECRET_KEY."""
    name = f"{row.client_id} {row.language} {row.number} "
    return salted_hmac(__name__, name.encode() + bytes(row.data), secret, algorithm="sha256").hexdigest()


def is_ours(row: ThemeModel) -> bool:
    """Whether the stored version is, byte for byte, what was stored for this client, language and number."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(sign(row, secret), row.signature) for secret in secrets)


@lru_cache(maxsize=MODELS_KEPT)
def _opened(pk: int, bears: tuple) -> "Model":
    from .learning import Model

    row = ThemeModel.objects.get(pk=pk)
    if (row.client_id, row.language, row.number, row.signature) != bears or not is_ours(row):
        raise ForgedModel(f"model {row} is not the one that was stored here; train it again")
    try:
        model = Model.from_bytes(bytes(row.data), embeds(row.language))
        model.rows(["."])  # opens its embeddings, so that what is wrong with them shows here
    except ValueError as error:  # its embeddings are missing or others, or its format is one that we do not read
        raise UnusableModel(f"model {row}: {error}; mend EMBEDDINGS_DIR or train it again") from error
    return model


def embeds(language: str) -> "dict[str, Embed]":
    """What a model of the language may learn from beside the words, by name; a broken EMBEDDINGS_DIR is logged."""
    from .learning import embeddings

    at_hand: dict[str, Embed] = {HITS: partial(hits, language)}
    if settings.EMBEDDINGS_DIR is not None:
        try:
            at_hand |= embeddings.named(settings.EMBEDDINGS_DIR, language)
        except embeddings.UnusableEmbeddings as error:
            log.error("EMBEDDINGS_DIR: %s", error)
    return at_hand


def hits(language: str, texts: Sequence[str]) -> "np.ndarray":
    """What the rules find, as a model learns from it beside the words: a row for each text, a column for each theme."""
    return _table([rules.read(text, language) for text in texts])


def _table(read: Sequence[rules.Reading]) -> "np.ndarray":
    import numpy as np

    rows = np.zeros((len(read), len(THEME_KEYS)), np.float32)
    for place, reading in enumerate(read):
        for finding in reading.findings:
            rows[place, COLUMN[finding.theme]] = 1
    return rows


def _by_rules(language: str, own: rules.Words, texts: Sequence[str]) -> list[Judgement]:
    read = [rules.read(text, language, own) for text in texts]
    return [Judgement(found.outcome, found.findings, found.signals) for found in read]


def _by_model(model: "Model", own: rules.Words, texts: Sequence[str]) -> list[Judgement]:
    """The rules take each text apart once: what they find without `own` tells the model, and with it, people."""
    apart = tuple((OWN + key if key in model.keys else key, words) for key, words in own)
    told, by_rules = [], []
    for text in texts:
        heard = rules.hear(text, model.language)
        told.append(rules.judge(heard))
        by_rules.append(rules.judge(heard, apart) if apart else told[-1])
    judged = model.judge(texts, {HITS: _table(told)})
    return [_both(model, *pair) for pair in zip(judged, by_rules, strict=True)]


def _both(model: "Model", judged, read: rules.Reading) -> Judgement:
    """What the model found, and by their words the themes that it does not know, or that the client named itself.

    What the rules have read of a theme, too, is the surer sign of how it is meant, and points to fewer words.
    """
    if read.outcome == Reading.Outcome.EMPTY:
        return Judgement(read.outcome)
    by_words = {finding.theme.removeprefix(OWN): finding for finding in read.findings}
    findings = {finding.theme: _worded(finding, by_words.get(finding.theme)) for finding in judged.findings}
    for finding in read.findings:
        if finding.theme not in model.keys:
            key = finding.theme.removeprefix(OWN)
            findings.setdefault(key, replace(finding, theme=key))
    if len(findings) > 1:
        findings.pop(ALONE, None)
    outcome = Reading.Outcome.THEMES if findings else Reading.Outcome.UNCLASSIFIED
    return Judgement(outcome, tuple(findings.values()), read.signals, judged.margin, judged.unknown)


def _worded(judged: Finding, read: Finding | None) -> Finding:
    if read is None or not read.sentiment:
        return judged
    return replace(judged, sentiment=read.sentiment, start=read.start, end=read.end)
