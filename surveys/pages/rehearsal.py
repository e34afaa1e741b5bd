"""The customer's pages of a version as a rehearsal: the real ones, before nobody. What is sent is stored nowhere.

All that a rehearsal knows goes along in its address, so that going on, going back and another language are links like
any other.
"""

import base64
import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.middleware.csrf import get_token

from .. import wording
from ..models import Client, Customer, Door, Invitation, Question, Response, SurveyVersion, group_of
from ..models.answering import scale_of
from ..questionnaire import Given, Situation, questions_of
from ..responses import Sheet
from ..sittings import Link, LinkState, Sitting
from . import sheets
from .frame import speaking

LONGEST = 200  # characters of a text that go along: addresses must not grow without end


@dataclass(frozen=True)
class Scene:
    """What is rehearsed, before whom, and what was said so far."""

    version: int  # its number
    is_informal: bool = False
    said: dict[str, Given] = field(default_factory=dict)
    channel: str = ""
    segment: str = ""
    is_over: bool = False

    def written(self) -> str:
        """As a part of an address."""
        return base64.urlsafe_b64encode(json.dumps(vars(self), separators=(",", ":")).encode()).decode()

    @classmethod
    def read(cls, written: str) -> "Scene | None":
        """What `written` wrote; None for anything else, as a cut address."""
        try:
            stored = json.loads(base64.urlsafe_b64decode(written))
            json.dumps(stored, ensure_ascii=False).encode()  # half a character cannot be shown
            scene = cls(**stored)
            said = {key: tuple(given) if isinstance(given, list) else given for key, given in scene.said.items()}
            contact = {"channel": str(scene.channel), "segment": str(scene.segment)}
            return replace(scene, said=said, version=int(scene.version), **contact)
        except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
            return None


@dataclass(frozen=True)
class Rehearsal(Sitting):
    """A sitting that knows what was said from its scene."""

    typed: dict[str, Given] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, Given]:
        return self.typed


def play(
    request: HttpRequest, version: SurveyVersion, scene: Scene, address: Callable[[Scene], str], at: dt.datetime
) -> HttpResponse:
    """One page of the rehearsal: a form, or the thanks. `address` is where a scene is played.

    `?lang=`, `?page=` and `?score=` are those of the customer's page.
    """
    scene = replace(scene, said=_possible(scene.said, version))
    sent: list[Sheet] = []
    with speaking(request, _sitting(version, scene, at)) as sitting:
        if scene.is_over and sitting.response:
            again = sheets.Way("", address(replace(scene, is_over=False)))
            return sheets.end(Link(LinkState.ANSWERED, sitting), sitting, at, is_new=True, way=again)
        hidden = {"csrfmiddlewaretoken": get_token(request)}  # here somebody is signed in
        way = sheets.Way(address(scene), request.path, {"hidden": hidden}, rehearse=sent.append)
        answer = sheets.step(_within(request, scene), sitting, at, way)
    if not sent:
        return answer
    said = {key: given[:LONGEST] if isinstance(given, str) else given for key, given in sent[0].said.items()}
    following = replace(scene, said=scene.said | said, is_over=sent[0].is_last)
    return _led_on(answer, address(following))


def _sitting(version: SurveyVersion, scene: Scene, at: dt.datetime) -> Rehearsal:
    """Of an invitation and a response that nobody saved."""
    client = version.survey.client
    offered = wording.languages_of(questions_of(version))
    language = wording.language_for([], offered, client)
    invitation = Invitation(client=client, customer=Customer(client=client), version=version, language=language)
    return Rehearsal(
        client=client,
        version=version,
        door=Door.PERSONAL,
        language=language,
        form_of_address=Client.Address.INFORMAL if scene.is_informal else Client.Address.FORMAL,
        expires_at=at + dt.timedelta(days=14),
        situation=Situation(language, scene.channel, scene.segment),
        invitation=invitation,
        response=_response(version, scene, language, at),
        typed=scene.said,
    )


def _response(version: SurveyVersion, scene: Scene, language: str, at: dt.datetime) -> Response | None:
    if Question.SCORE not in scene.said:
        return None
    kind, score = version.survey.kind, scene.said[Question.SCORE]
    return Response(
        version=version,
        kind=kind,
        score=score,
        group=group_of(kind, score),
        language=language,
        submitted_at=at,
        completed_at=at if scene.is_over else None,
    )


def _possible(said: dict[str, Given], version: SurveyVersion) -> dict[str, Given]:
    """Without what these questions cannot have been answered with: they may have changed since, or the address."""
    return {
        question.key: said[question.key]
        for question in questions_of(version)
        if question.key in said and _fits(question, said[question.key])
    }


def _fits(question: Question, given: Given) -> bool:
    if question.is_scale:
        return isinstance(given, int) and given in scale_of(question.kind)
    if question.kind == Question.Kind.MULTIPLE:
        return isinstance(given, tuple) and all(one in question.choices for one in given)
    return isinstance(given, str) and (question.kind == Question.Kind.TEXT or given in ("", *question.choices))


def _within(request: HttpRequest, scene: Scene) -> HttpRequest:
    """Without a score said, there is no page but the first."""
    if Question.SCORE not in scene.said and "page" in request.GET:
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in request.GET.items() if name != "page"})
        request.GET = query
    return request


def _led_on(answer: HttpResponse, address: str) -> HttpResponse:
    """The same way on, to the scene with what has been said."""
    query = answer["Location"].partition("?")[2]
    address = f"{address}?{query}" if query else address
    if isinstance(answer, HttpResponseRedirect):
        return HttpResponseRedirect(address)
    answer["Location"] = address
    return answer
