"""A client's themes: begun with the starter taxonomy, changed since by people, with a record of every change.

Nothing is lost on the way: a theme that named answers is retired or merged, never deleted, and its past stays under
its name or under what it became. A file of themes (`dump`, `load`) has the format of `taxonomy.yaml`;
`taxonomy_file` knows it.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from surveys.models import Client, Login

from . import rules
from .models import Theme, ThemeEvent
from .taxonomy import STARTER, THEME_KEYS
from .taxonomy_file import LANGUAGES, LINKS, MOST, TEXTS, BadTaxonomy, entries, written

COLUMNS = (*(f"{text}_{language}" for text in TEXTS for language in LANGUAGES), "side", "is_retired", *LINKS.values())
LONGEST_TEXT = 2_000  # characters of a definition or of examples


# --- What may be found ---------------------------------------------------------------------------------------------


def adopt_starter_taxonomy(client: Client) -> dict[str, Theme]:
    """The client's themes by key; a client that has none yet starts with the starter taxonomy."""
    themes = _by_key(client)
    if not themes:
        listed = enumerate(entries(STARTER))
        starters = [Theme(client=client, key=key, position=place, **columns) for place, (key, columns, _) in listed]
        Theme.objects.bulk_create(starters, ignore_conflicts=True)
        themes = _by_key(client)
    return themes


def in_use(client: Client) -> dict[str, Theme]:
    """The themes that may be found, by every key that leads to them: a merged one's leads to what it became."""
    themes = adopt_starter_taxonomy(client)
    by_pk = {theme.pk: theme for theme in themes.values()}
    led = {key: by_pk[theme.merged_into_id] if theme.merged_into_id else theme for key, theme in themes.items()}
    return {key: theme for key, theme in led.items() if not theme.is_retired}


def own_words(client: Client, language: str) -> rules.Words:
    """What the client itself says names its themes, for the rules of `language`; () in a language without rules."""
    if language not in rules.LANGUAGES:
        return ()
    led = Theme.objects.filter(Q(is_retired=False) | Q(merged_into__isnull=False), client=client)
    worded = led.exclude(**{f"words_{language}": ""})
    return tuple(worded.order_by("position", "key").values_list("key", f"words_{language}"))


# --- What people do to them ----------------------------------------------------------------------------------------


def add(client: Client, columns: Mapping, by: Login | None = None) -> Theme:
    """A theme of the client's own, at the end. `columns` as in COLUMNS; its key is made of its English name for good.

    This and the verbs below raise BadTaxonomy and change nothing where the themes would not make sense afterwards.
    """
    with _taxonomy_of(client):
        return _add(client, _free_key(client, columns["name_en"]), columns, by)


def change(theme: Theme, columns: Mapping, by: Login | None = None) -> Theme:
    """Rename, define, move below another or up again. What stays the same leaves no trace."""
    with _taxonomy_of(theme.client):
        return _write(_now(theme), columns, by)


def merge(theme: Theme, into: Theme, by: Login | None = None) -> None:
    """From now on, and in all that was counted before, `theme` is `into`. Its parts become parts of that one."""
    with _taxonomy_of(theme.client):
        theme, into = _now(theme), _now(into)
        if theme.merged_into or theme.client_id != into.client_id or into.is_retired or into.parent_id == theme.pk:
            raise BadTaxonomy(_("“%s” cannot be merged into this one. Choose another that is in use.") % theme)
        for part in theme.children.all():
            _write(part, {"parent": into.parent or into}, by)
        was_part_of = {"part_of": theme.parent.key} if theme.parent else {}
        of_it = Theme.objects.filter(Q(pk=theme.pk) | Q(merged_into=theme))
        of_it.update(merged_into=into, is_retired=True, parent=None)
        _note(theme, ThemeEvent.Verb.MERGED, by, {"into": into.key, **was_part_of})


def split(theme: Theme, parts: Iterable[Mapping], by: Login | None = None) -> list[Theme]:
    """New themes below this one (beside it, if it is itself part of another), which stays for what fits none of them.

    What people said of the whole remains; the parts are found by their words until people have judged enough of them.
    """
    with _taxonomy_of(theme.client):
        theme = _now(theme)
        made = []
        for part in parts:
            columns = {"side": theme.side, **part, "parent": theme.parent or theme}
            made.append(_add(theme.client, _free_key(theme.client, part["name_en"]), columns, by))
        if len(made) < 2:
            raise BadTaxonomy(_("A theme is split into two parts or more."))
        _note(theme, ThemeEvent.Verb.SPLIT, by, {"parts": [part.key for part in made]})
        return made


def retire(theme: Theme, by: Login | None = None) -> None:
    """It is no longer found; what it named keeps its name. Its parts stand for themselves."""
    with _taxonomy_of(theme.client):
        theme = _now(theme)
        if theme.is_retired:
            return
        for part in theme.children.all():
            _write(part, {"parent": None}, by)
        Theme.objects.filter(pk=theme.pk).update(is_retired=True, parent=None)
        _note(theme, ThemeEvent.Verb.RETIRED, by, {"part_of": theme.parent.key} if theme.parent else {})


def restore(theme: Theme, by: Login | None = None) -> None:
    """It is found again, as itself and for itself, also if it had been merged into another."""
    with _taxonomy_of(theme.client):
        theme = _now(theme)
        if not theme.is_retired:
            return
        Theme.objects.filter(pk=theme.pk).update(is_retired=False, merged_into=None)
        _note(theme, ThemeEvent.Verb.RESTORED, by, {"was": theme.merged_into.key} if theme.merged_into else {})


# --- As one file ---------------------------------------------------------------------------------------------------


def dump(client: Client) -> str:
    """All the client's themes as YAML, retired ones included; `load` makes the same of it."""
    return written(sorted(adopt_starter_taxonomy(client).values(), key=lambda theme: (theme.position, theme.key)))


def load(client: Client, text: str, by: Login | None = None, is_trial: bool = False) -> list[str]:
    """Add what the file names anew, change what it says otherwise; what it does not name stays. All of it or nothing.

    An entry says all of its theme: what it leaves out is empty. One line for each theme that is added or changed; a
    trial only says them. BadTaxonomy names every entry and what is wrong with it.
    """
    listed = entries(text)
    with transaction.atomic():
        with _taxonomy_of(client):
            known = adopt_starter_taxonomy(client)
            before = {key: _columns(theme) for key, theme in known.items()}
            for key, columns, _links in listed:  # first without their places: a part may stand before its whole
                if key not in known:
                    known[key] = _add(client, key, columns, by)
            for key, columns, links in listed:
                placed = {LINKS[name]: _named(known, key, name, other) for name, other in links.items()}
                if key in before:
                    _write(known[key], {**columns, **placed}, by)
                else:
                    _place(known[key], placed)
        if is_trial:
            transaction.set_rollback(True)
    named = [known[key] for key, *_rest in listed]
    added = [_("added: %s") % theme for theme in named if theme.key not in before]
    pairs = [(theme, _otherwise(before[theme.key], theme)) for theme in named if theme.key in before]
    changed = [_("changed: %(theme)s (%(what)s)") % {"theme": theme, "what": what} for theme, what in pairs if what]
    return [*added, *changed]


# --- How it is done ------------------------------------------------------------------------------------------------


def _by_key(client: Client) -> dict[str, Theme]:
    return {theme.key: theme for theme in Theme.objects.filter(client=client)}


def _now(theme: Theme) -> Theme:
    """As it stands once nobody else is at it."""
    return Theme.objects.select_related("client", "parent", "merged_into").get(pk=theme.pk)


def _columns(theme: Theme) -> dict:
    return {name: getattr(theme, name) for name in COLUMNS}


@contextmanager
def _taxonomy_of(client: Client) -> Iterator[None]:
    """One change of a client's themes at a time, whole or not at all, and only into what makes sense as a whole.

    What made none before is no reason to refuse: it is mended one change after the other.
    """
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        before = set(_contradictions(client))
        yield
        if new := [fault for fault in _contradictions(client) if fault not in before]:
            raise BadTaxonomy(*new)


def _add(client: Client, key: str, columns: Mapping, by: Login | None) -> Theme:
    theme = Theme(client=client, key=key, **_spelled(columns))
    theme.position = min(1 + max((other.position for other in client.themes.all()), default=0), 32_767)
    _check(theme)
    theme.save()
    _note(theme, ThemeEvent.Verb.ADDED, by)
    return theme


def _place(theme: Theme, links: Mapping) -> None:
    """Where a theme that has just been added stands: part of its being added."""
    for column, other in links.items():
        setattr(theme, column, other)
    _check(theme)
    theme.save(update_fields=list(links))


def _write(theme: Theme, columns: Mapping, by: Login | None) -> Theme:
    before, columns = _columns(theme), _spelled(columns)
    changed = {name: [_said(before[name]), _said(value)] for name, value in columns.items() if before[name] != value}
    if changed:
        for name in changed:
            setattr(theme, name, columns[name])
        _check(theme)
        theme.save(update_fields=list(changed))
        _note(theme, ThemeEvent.Verb.CHANGED, by, changed)
    return theme


def _spelled(columns: Mapping) -> dict:
    """The texts in one spelling of characters (NFC), without spaces and empty lines around them."""
    return {
        name: unicodedata.normalize("NFC", value).strip() if isinstance(value, str) else value
        for name, value in columns.items()
    }


def _said(value: object) -> object:
    return value.key if isinstance(value, Theme) else value


def _otherwise(before: dict, theme: Theme) -> str:
    """The names of the columns in which `theme` is not what it was."""
    now = _columns(theme)
    return ", ".join(str(Theme._meta.get_field(name).verbose_name) for name in COLUMNS if before[name] != now[name])


def _note(theme: Theme, verb: str, by: Login | None, details: dict | None = None) -> None:
    ThemeEvent.objects.create(
        client=theme.client, theme=theme, verb=verb, details=details or {}, by=by, at=timezone.now()
    )


def _free_key(client: Client, name: str) -> str:
    """A key made of the English name that no other theme of the client has, nor a list of the rules."""
    taken = {*Theme.objects.filter(client=client).values_list("key", flat=True), *rules.TAKEN, *THEME_KEYS}
    stem = slugify(name).replace("-", "_")[:40] or "theme"
    return next(key for key in chain([stem], (f"{stem}_{number}" for number in count(2))) if key not in taken)


# --- What cannot be meant ------------------------------------------------------------------------------------------


def _check(theme: Theme) -> None:
    """BadTaxonomy with every fault of a theme's own columns."""
    faults = [f"{_label(field)}: {message}" for field, message in _misfits(theme)]
    for text in ("definition", "included", "excluded"):
        for field in (f"{text}_{code}" for code in LANGUAGES):
            if len(getattr(theme, field)) > LONGEST_TEXT:
                faults.append(f"{_label(field)}: " + _("At most %d characters.") % LONGEST_TEXT)
    for field in ("words_en", "words_de"):
        if wrong := wrong_words(getattr(theme, field)):
            faults.append(f"{_label(field)}: {wrong}")
    if any("\0" in value for value in _columns(theme).values() if isinstance(value, str)):
        faults.append(_("A text contains a character that cannot be stored."))
    if theme.parent is not None and (theme.parent == theme or theme.is_retired):
        faults.append(_("Only a theme in use can be part of another one."))
    if theme.merged_into is not None and not theme.is_retired:
        faults.append(_("A theme that was merged into another is retired."))
    if faults:
        raise BadTaxonomy(*(_about(theme, fault) for fault in faults))


def wrong_words(words: str) -> str:
    """What is wrong with the phrases that name a theme, in the reader's language; empty if nothing is."""
    try:
        rules.check(words)
    except ValueError as wrong:
        return _(
            "“%s” cannot be looked for. A phrase begins and ends with a word, has at most 60 characters and two “..”, "
            "and at least three letters beside “*” or “~”; a list has at most 300 phrases."
        ) % (wrong)
    return ""


def _misfits(theme: Theme) -> Iterator[tuple[str, str]]:
    """What the database could not take."""
    try:
        theme.clean_fields(exclude=["client", *LINKS.values()])
    except ValidationError as wrong:
        for field, messages in wrong.message_dict.items():
            yield from ((field, message) for message in messages)


def _contradictions(client: Client) -> Iterator[str]:
    """What is wrong among the themes of a client, whichever of them was changed last."""
    themes = {theme.pk: theme for theme in client.themes.order_by("position", "key")}
    if len(themes) > MOST:
        yield _("A client has at most %d themes. Nobody tells more apart.") % MOST
    names = set()
    for theme in themes.values():
        if theme.parent_id:
            yield from _wrong_place(theme, themes.get(theme.parent_id))
        if theme.merged_into_id:
            target = themes.get(theme.merged_into_id)
            if target is None or target == theme or target.merged_into_id:
                yield _about(theme, _("It can only be merged into another theme, which is not merged itself."))
        for code in LANGUAGES if not theme.is_retired else ():
            named = (theme.parent_id, code, theme.name(code).casefold())
            if named in names:
                yield _about(theme, _("Another theme in use has the same name."))
            names.add(named)


def _wrong_place(theme: Theme, above: Theme | None) -> Iterator[str]:
    if above is None or above.is_retired:
        yield _about(theme, _("It can only be part of another theme that is in use."))
    elif above.parent_id:
        yield _about(theme, _("There are two levels, and “%s” is itself part of another theme.") % above)


def _about(theme: Theme, fault: str) -> str:
    return _("“%(theme)s”: %(fault)s") % {"theme": theme, "fault": fault}


def _label(field: str) -> str:
    return str(Theme._meta.get_field(field).verbose_name)


def _named(known: dict[str, Theme], key: str, link: str, other: str) -> Theme | None:
    if other in ("", "null", "~"):
        return None
    if other in known and other != key:
        return known[other]
    raise BadTaxonomy(
        _about(known[key], _("“%(link)s” names no other theme: “%(other)s”.") % {"link": link, "other": other})
    )
