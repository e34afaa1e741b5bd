"""Trained versions: learn from people's judgements, go into use only by the rule, go back, and re-read history.

One in five labels, chosen by its words alone, is never learned from: the frozen held-out set on which a version is
measured beside the reader that it would replace. A stored version is signed; see `readers`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from surveys.models import Answer, Client, Login

from . import classification, text, themes
from .models import Correction, Reading, Rereading, ThemeAssignment, ThemeModel
from .readers import Reader, embeds, is_usable, reader_for, reader_of, sign

PROMISE = 0.9  # the share of right findings that a version promises for each theme
HELD_OUT = 5  # one text in so many
FALL = 0.005  # of micro-F1 that a version may bring
PRECISION_FALL = 0.03  # of a theme's precision
ENOUGH = 30  # held-out comments, of all and of a theme, below which nothing can be said
BESIDE = ("version", "micro_f1", "macro_f1", "coverage", "themes")  # kept of the reader that a version would replace


class NothingToLearn(Exception):
    """Nobody has corrected a comment of this client in this language yet."""


class NotBetter(Exception):
    """The rule of promotion speaks against the version; `objections` of the row say what."""


@dataclass(frozen=True)
class Label:
    """What a person said of one comment, as long as it still has the words that were judged.

    `is_random`: it was drawn by chance, and so stands for all comments.
    """

    answer: int
    text: str
    themes: dict[str, int]
    text_hash: str
    is_random: bool = False

    @property
    def is_held_out(self) -> bool:
        """By the words alone: the same words never stand on both sides, and a comment never changes sides."""
        return int(self.text_hash[:8], 16) % HELD_OUT == 0


def labels(client: Client, language: str) -> list[Label]:
    """People's judgements on the client's comments of one language, by the themes that are in use; oldest first."""
    judged = Reading.objects.filter(
        answer__response__client=client, language=language, source=Reading.Source.PERSON
    ).order_by("read_at", "pk")
    said: dict[int, dict[str, int]] = {}
    in_use = themes.in_use(client)
    for found in ThemeAssignment.objects.filter(answer__reading__in=judged.order_by()).select_related("theme"):
        if found.theme.key in in_use:
            said.setdefault(found.answer_id, {})[in_use[found.theme.key].key] = found.sentiment
    by_chance = Correction.objects.filter(answer__reading__in=judged.order_by(), drawn=Correction.Drawn.RANDOM)
    at_random = set(by_chance.values_list("answer", flat=True))
    return [
        Label(answer, words, said.get(answer, {}), text_hash, answer in at_random)
        for answer, words, text_hash in judged.values_list("answer", "answer__text", "text_hash")
        if text.fingerprint(words) == text_hash
    ]


def train_for(client: Client, language: str, by: Login | None = None) -> ThemeModel:
    """A new version, not in use, measured on the held-out labels beside the reader that is. Raises NothingToLearn.

    It learns from the client's labels, and what the rules say of the same words.
    """
    from .learning import Example, train  # scikit-learn costs memory that other processes need not have

    known = labels(client, language)
    learned = [Example(label.text, label.themes) for label in known if not label.is_held_out]
    if not learned:
        raise NothingToLearn
    try:
        model = train(learned, language, promise=PROMISE, embeds=embeds(language))
    except ValueError as alike:  # all comments carry the same themes
        raise NothingToLearn from alike
    held_out = [label for label in known if label.is_held_out]
    row = ThemeModel(
        client=client,
        language=language,
        trained_at=timezone.now(),
        trained_by=by,
        label_count=len(learned),
        held_out_count=len(held_out),
        data=model.to_bytes(),
    )
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)  # numbers are given one at a time
        last = ThemeModel.objects.filter(client=client, language=language).aggregate(last=Max("number"))["last"]
        row.number = (last or 0) + 1
        row.signature = sign(row)
        row.save()
    _measure(row, held_out)
    return row


def measured(reader: Reader, client: Client, held_out: Sequence[Label]) -> dict:
    """The card of any reader on the client's labels, by the themes that are in use now."""
    from . import cards  # brings scipy, see above

    return cards.measured(reader, held_out, {key: theme.key for key, theme in themes.in_use(client).items()})


def _measure(row: ThemeModel, held_out: Sequence[Label]) -> None:
    """Write the version's card, beside that of the reader in use, and what the rule says against it."""
    own = themes.own_words(row.client, row.language)
    in_use = measured(reader_for(row.client, row.language), row.client, held_out)
    card = measured(reader_of(row, own), row.client, held_out)
    row.objections = objections(card, in_use)
    row.card = card | {"beside": {name: in_use[name] for name in BESIDE}}
    row.save(update_fields=["card", "objections"])


def objections(card: dict, in_use: dict) -> list[dict]:
    """What the rule says against a version, measured on the same labels as the reader in use; [] if nothing.

    At least 30 held-out comments; micro-F1 not lower by more than half a point; no theme that has 30 held-out comments
    with a precision lower by more than 3 points.
    """
    if card["n"] < ENOUGH:
        return [{"what": "too_few", "n": card["n"], "enough": ENOUGH}]
    found = []
    if card["micro_f1"] < in_use["micro_f1"] - FALL:
        found.append({"what": "micro_f1", "before": in_use["micro_f1"], "after": card["micro_f1"]})
    for key, theme in card["themes"].items():
        before = in_use["themes"].get(key, {}).get("precision")
        has_evidence = theme["n"] >= ENOUGH and theme["precision"] and before
        if has_evidence and theme["precision"][0] < before[0] - PRECISION_FALL:
            found.append({"what": "precision", "theme": key, "before": before[0], "after": theme["precision"][0]})
    return found


def promote(row: ThemeModel, by: Login | None = None) -> None:
    """Take a version into use, if the rule allows it against what is in use now. Raises NotBetter or UnusableModel."""
    held_out = [label for label in labels(row.client, row.language) if label.is_held_out]
    _measure(row, held_out)
    if row.objections:
        raise NotBetter
    _use(row, by)


def roll_back(row: ThemeModel, by: Login | None = None) -> ThemeModel | None:
    """Give up this version, if it is in use, for the one before it; None: the rules read again, or it was not.

    A version that cannot read, or is not ours any more, is passed over (see `readers`).
    """
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=row.client_id)
        versions = ThemeModel.objects.filter(client=row.client_id, language=row.language)
        if not versions.filter(pk=row.pk, state=ThemeModel.State.ACTIVE).update(state=ThemeModel.State.FORMER):
            return None
        earlier = versions.filter(state=ThemeModel.State.FORMER, promoted_at__lt=row.promoted_at)
        before = next(filter(is_usable, earlier.order_by("-promoted_at")), None)
        if before is not None:
            _use(before, by, at=before.promoted_at)
        return before


def _use(row: ThemeModel, by: Login | None, at=None) -> None:
    """The one in use steps back and this one takes its place, in one transaction."""
    versions = ThemeModel.objects.filter(client=row.client_id, language=row.language)
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=row.client_id)
        versions.filter(state=ThemeModel.State.ACTIVE).update(state=ThemeModel.State.FORMER)
        row.state, row.promoted_by, row.promoted_at = ThemeModel.State.ACTIVE, by, at or timezone.now()
        row.save(update_fields=["state", "promoted_by", "promoted_at"])


# --- History ---------------------------------------------------------------------------------------------------------


def ask_to_reread(client: Client, language: str, by: Login | None = None) -> Rereading:
    """Have the history read again by what is in use; the order that already stands, if one does."""
    order, _is_new = Rereading.objects.get_or_create(
        client=client, language=language, finished_at=None, defaults={"asked_by": by, "asked_at": timezone.now()}
    )
    return order


def progress(order: Rereading) -> tuple[int, int]:
    """How many comments stand as what is in use now reads them, and how many machines have read at all."""
    counted = _machines(order).aggregate(
        all=Count("pk"), done=Count("pk", filter=Q(version=reader_for(order.client, order.language).version))
    )
    return counted["done"], counted["all"]


def reread(limit: int = 1000) -> int:
    """Carry every order on by so many comments at most, newest first; the number read. Interrupted, it goes on."""
    return sum(_carry_on(order, limit) for order in Rereading.objects.filter(finished_at=None).select_related("client"))


def _carry_on(order: Rereading, limit: int) -> int:
    version = reader_for(order.client, order.language).version
    behind = _machines(order).exclude(version=version).order_by("-answer").values("answer")[:limit]
    due = list(Answer.objects.filter(pk__in=[row["answer"] for row in behind]).select_related("response__client"))
    done = sum(classification.read_or_log(chunk, again=True) for chunk in _chunks(due))
    if not done:  # nothing is left, or what is left cannot be read: an order that never ends helps nobody
        Rereading.objects.filter(pk=order.pk).update(finished_at=timezone.now())
    return done


def _machines(order: Rereading) -> QuerySet[Reading]:
    of_client = Reading.objects.filter(answer__response__client=order.client, language=order.language)
    return of_client.exclude(source=Reading.Source.PERSON)


def _chunks(answers: list[Answer]) -> Iterator[list[Answer]]:
    for start in range(0, len(answers), classification.AT_ONCE):
        yield answers[start : start + classification.AT_ONCE]
