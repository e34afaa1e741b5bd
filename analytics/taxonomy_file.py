"""The form of a taxonomy as one YAML file: what may stand in it, and every fault of it, line by line.

Nothing in a file is executed, refers to something else or means anything but the text that stands there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import yaml
from django.utils.translation import gettext as _

from . import rules
from .models import Theme

TEXTS = ("name", "definition", "included", "excluded", "words")  # said in each of:
LANGUAGES = ("en", "de")
LINKS = {"part_of": "parent", "merged_into": "merged_into"}  # in a file: the other theme's key
MOST = 200  # themes of one client: nobody tells more apart
SLUG = re.compile(r"[-\w]{1,50}", re.ASCII)
LARGEST_FILE = 1_000_000  # characters
DEEPEST_FILE = 6  # levels of lists and mappings; a theme's texts stand on the fourth
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # knows texts, lists and mappings, and nothing to execute


class BadTaxonomy(Exception):
    """What is wrong with a change of the themes, one line for each fault, in the reader's language."""

    def __init__(self, *lines: str) -> None:
        super().__init__(" ".join(lines))
        self.lines = lines


def written(themes: Iterable[Theme]) -> str:
    """All the themes of one client, in this order."""
    by_pk = {theme.pk: theme for theme in themes}
    entries = [_entry(theme, by_pk) for theme in by_pk.values()]
    return yaml.safe_dump({"themes": entries}, allow_unicode=True, sort_keys=False, width=118)


def _entry(theme: Theme, by_pk: dict[int, Theme]) -> dict:
    """One theme as the file names it; what is empty is left out."""
    texts = {text: {code: getattr(theme, f"{text}_{code}") for code in LANGUAGES} for text in TEXTS}
    said = {text: {code: said for code, said in by_code.items() if said} for text, by_code in texts.items()}
    links = {name: getattr(theme, f"{column}_id") for name, column in LINKS.items()}
    entry = {
        "key": theme.key,
        "name": said.pop("name"),
        "side": theme.side,
        **said,
        "retired": theme.is_retired,
        **{name: by_pk[pk].key for name, pk in links.items() if pk},
    }
    return {name: value for name, value in entry.items() if value}


def entries(text: str) -> list[tuple[str, dict, dict]]:
    """(key, columns, links by key) for each entry of a file. BadTaxonomy with every fault of its form."""
    if len(text) > LARGEST_FILE:
        raise BadTaxonomy(_("The file is larger than 1 MB."))
    try:
        file = _plain(_guarded(text))
    except yaml.YAMLError as wrong:
        mark = getattr(wrong, "problem_mark", None)
        where = _("line %d") % (mark.line + 1) if mark else _("a character that YAML does not allow")
        raise BadTaxonomy(_("This is no YAML file: %s.") % where) from None
    listed = file.get("themes") if isinstance(file, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST:
        raise BadTaxonomy(_("The file needs a list “themes” of 1 to %d entries.") % MOST)
    keys = Counter(
        entry.get("key") for entry in listed if isinstance(entry, dict) and isinstance(entry.get("key"), str)
    )
    faults = [
        _("Entry %(place)d: %(fault)s") % {"place": place, "fault": fault}
        for place, entry in enumerate(listed, start=1)
        for fault in _faults(entry, keys)
    ]
    if faults:
        raise BadTaxonomy(*faults[:MOST])
    return [(entry["key"], _columns_in(entry), {name: entry.get(name, "") for name in LINKS}) for entry in listed]


def _guarded(text: str) -> yaml.Node | None:
    """The file's one document. BadTaxonomy for what only an attack contains: a file folded into itself, or deep."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):  # as it comes: what nests deep also takes long to the end
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST_FILE:
            raise BadTaxonomy(_("The file refers to itself (“*”) or is nested too deep. Write each theme out."))
    return yaml.compose(text, Loader=_LOADER)


def _plain(node: yaml.Node | None) -> object:
    """Mappings, lists, and texts: whatever looks like a number, a date or a truth is the text that stands there."""
    if isinstance(node, yaml.MappingNode):
        pairs = [(_plain(name), _plain(value)) for name, value in node.value]
        found = {name: value for name, value in pairs if isinstance(name, str)}
        if len(found) < len(pairs):
            raise BadTaxonomy(
                _("Line %d: a field stands there twice, or its name is no text.") % (node.start_mark.line + 1)
            )
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value) for value in node.value]
    return node.value if node else None


def _faults(entry: object, keys: Counter) -> Iterator[str]:
    """What is wrong with the form of one entry."""
    key = entry.get("key") if isinstance(entry, dict) else None
    if not isinstance(key, str) or not SLUG.fullmatch(key):
        yield _("It needs a “key” of at most 50 letters, digits, hyphens and underscores.")
        return
    if keys[key] > 1:
        yield _("The key “%s” stands in the file twice.") % key
    if key in rules.TAKEN:
        yield _("The key “%s” means something else to the rules. Choose another.") % key
    for field in sorted(entry.keys() - {"key", "side", "retired", *TEXTS, *LINKS}):
        yield _("“%s” is no field of a theme.") % field
    if entry.get("side") not in Theme.Side.values:
        yield _("“side” is one of: %s.") % ", ".join(Theme.Side.values)
    if entry.get("retired", "false") not in ("true", "false"):
        yield _("“retired” is true or false.")
    for link in LINKS:
        if not isinstance(entry.get(link, ""), str):
            yield _("“%s” is the key of another theme.") % link
    for text in TEXTS:
        yield from _text_faults(text, entry.get(text, {}))


def _text_faults(text: str, said: object) -> Iterator[str]:
    if not isinstance(said, dict) or said.keys() - {*LANGUAGES} or not all(isinstance(t, str) for t in said.values()):
        yield _("“%s” has a text for “en” and one for “de”.") % text
    elif text == "name" and not all(said.get(code, "").strip() for code in LANGUAGES):
        yield _("Its “name” is missing in English or German.")


def _columns_in(entry: dict) -> dict:
    said = {f"{text}_{code}": entry.get(text, {}).get(code, "") for text in TEXTS for code in LANGUAGES}
    is_retired = entry.get("retired") == "true" or bool(entry.get("merged_into"))
    return {**said, "side": entry["side"], "is_retired": is_retired}
