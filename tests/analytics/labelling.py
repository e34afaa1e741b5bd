"""Comments that people have judged, by the hundred, for tests of what learns from them.

French, because for French we have no comments of our own: what a version knows there, it knows from these.
"""

import datetime as dt

from analytics import text, themes
from analytics.models import Correction, Reading, ThemeAssignment
from surveys.models import Answer, Client, Door, Login, OpenLink, Response
from tests import factories

SAID = {
    "waiting_time": ("la ligne était occupée", "personne ne décroche", "une attente interminable"),
    "price": ("le prix est trop cher", "le tarif a augmenté", "des frais trop élevés"),
    "friendliness": ("une conseillère très aimable", "un accueil chaleureux", "une dame polie et gentille"),
}
FEELS = {"waiting_time": -1, "price": -1, "friendliness": 1}
ENDINGS = (
    "hier",
    "ce matin",
    "lundi",
    "mardi soir",
    "en mai",
    "au magasin",
    "à Lyon",
    "à Nantes",
    "encore",
    "vraiment",
)


def comments(count: int, start: int = 0) -> list[tuple[str, dict[str, int]]]:
    """So many different comments, each with its theme."""
    made = []
    for number in range(start, start + count):
        key = list(SAID)[number % len(SAID)]
        words = SAID[key][number // 3 % 3]
        made.append((f"{words} {ENDINGS[number // 9 % 10]}, fois {number}x", {key: FEELS[key]}))
    return made


def written(client: Client, words: str, at: dt.datetime = factories.NOW) -> Answer:
    return many_written(client, [words], at)[0]


def many_written(client: Client, texts: list[str], at: dt.datetime = factories.NOW) -> list[Answer]:
    """Comments from an open link, unread."""
    survey = factories.make_survey(client, "nps")
    link, _is_new = OpenLink.objects.get_or_create(client=client, survey=survey, name="Counter")
    version, fields = survey.current, {"submitted_at": at, "completed_at": at, "language": "fr"}
    responses = Response.objects.bulk_create(
        Response(client=client, open_link=link, door=Door.OPEN, version=version, kind="nps", score=3, **fields)
        for _text in texts
    )
    question = version.questions.get(key="comment")
    return Answer.objects.bulk_create(
        Answer(response=response, question=question, text=words)
        for response, words in zip(responses, texts, strict=True)
    )


def judged(client: Client, by: Login, count: int, start: int = 0, drawn: str = Correction.Drawn.CHOSEN) -> list[Answer]:
    """Comments as `classification.correct` leaves them, in a few queries."""
    known, made = themes.adopt_starter_taxonomy(client), comments(count, start)
    answers, person = many_written(client, [words for words, _said in made]), {"source": Reading.Source.PERSON}
    Reading.objects.bulk_create(
        Reading(
            answer=answer,
            outcome="themes",
            language="fr",
            text_hash=text.fingerprint(answer.text),
            read_by=by,
            read_at=factories.NOW,
            **person,
        )
        for answer in answers
    )
    found = [
        (answer, key, feels) for answer, (_, said) in zip(answers, made, strict=True) for key, feels in said.items()
    ]
    ThemeAssignment.objects.bulk_create(
        ThemeAssignment(answer=answer, theme=known[key], sentiment=feels, **person) for answer, key, feels in found
    )
    Correction.objects.bulk_create(
        Correction(answer=answer, by=by, at=factories.NOW, drawn=drawn, after={"themes": {key: feels}, **person})
        for answer, key, feels in found
    )
    return answers
