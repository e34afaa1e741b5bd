"""Personal data out of a comment before it is stored: what was typed is replaced by tokens such as ⟦phone⟧.

`redact` is the only door. The tokens are the same in every language, and nothing that was replaced is kept. It errs
towards keeping the meaning: dates, times, durations and amounts stay, cue words ("Frau ⟦name⟧") stay, and only words
that plausibly belong to a name go. Every pattern is bounded, so that the time is linear in the length of the text.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_LINE_END = re.compile("\r\n?|\x85|\u2028|\u2029")
_PASSES = 8  # a replacement can uncover another at its edge; two passes are the rule

_LINK = re.compile(r"(?:https?://|www\.)[^\s⟦⟧]+|\b[\w-]{1,63}\.(?:de|com|net|org|at|ch|eu|io|co\.uk)/[^\s⟦⟧]+", re.I)
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}(?: ?@ ?|\s?[(\[](?:at|ät)[)\]]\s?)[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[a-z]{2,24}\b",
    re.I,
)
_DIGIT = re.compile(r"\d")  # without one, nothing of what follows is found, down to the names
_IBAN = re.compile(r"\b[a-z]{2}\d{2}[ -]?(?:[a-z]{4}[ -]?)?(?:[a-z]?\d[ -]?){9,27}\d\b", re.I)

_MONTH = (
    r"(?:jan|feb|m[äa]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-zä]{0,6}"  # German and English, short or long
)
_UNIT = (
    r"(?:€|£|\$|%|eur\b|euros?\b|chf\b|franken\b|rappen\b|cents?\b|usd\b|gbp\b|dollars?\b|pounds?\b|quid\b|prozent\b"
    r"|percent\b|uhr\b|h\b|am\b|pm\b|std\b|stunden?\b|hours?\b|hrs?\b|min\b|minuten?\b|minutes?\b|mins?\b|sek\w*"
    r"|sec\w*|tagen?\b|tage\b|days?\b|wochen?\b|weeks?\b|monat\w*|months?\b|jahre?n?\b|years?\b|mal\b|times\b|kwh\b"
    r"|km\b|kg\b|mbit\w*|gb\b|mb\b|ct\b|sterne?n?\b|stars?\b|punkten?\b|punkte\b|points?\b)"
)
_KEEP = (
    r"\d{1,2}\. ?\d{1,2}\.(?: ?\d{4}| ?\d{2})?(?![\d.])|\d{4}-\d{2}-\d{2}(?!\d)|\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})(?!\d)"
    rf"|\d{{1,2}}(?:\.|st|nd|rd|th)? {_MONTH}\.?(?: \d{{4}})?\b|\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?!\d)"
    rf"|(?:€|£|\$|eur|chf|usd|gbp) ?\d[\d.,']{{0,15}}+(?!\d)|\d[\d.,']{{0,15}}+(?:-| ?)(?:{_UNIT})"
    r"|\d{1,3}(?:[.,']\d{3}){1,3}(?:[.,]\d{1,2})?(?![\d.,])"
)
_PHONE = (
    r"(?:\+ ?|\b00|\(0|\b0)[1-9]\d{0,5}(?: ?\(0\))?(?:[ /().-]{0,3}\d{2,}){1,7}|\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"
)
_DIGITS = r"\b\d(?:[ -]?\d){12,18}\b|\b\d{6,}\b|\b\d{3,}(?:[ /-]\d{3,}){1,5}\b"
_CODE = r"\b(?=[a-z]{0,6}\d)[a-z\d]{8,40}\b"
_NUMERIC = re.compile(
    rf"(?<![\w⟦])(?:(?P<keep>{_KEEP})|(?P<phone>{_PHONE})|(?P<digits>{_DIGITS})|(?P<code>{_CODE}))", re.I
)
_THING = (
    r"(?:kunden|bestell|auftrags?|vertrags?|rechnungs?|ticket|vorgangs?|zähler|zaehler|sendungs?|buchungs?|referenz|"
    r"mitglieds?|schadens?|policen?|konto|personal|störungs?|paket|geräte|serien|fall|kd|karten|reservierungs?|"
    r"customer|client|order|account|ticket|case|reference|ref|booking|invoice|contract|policy|meter|tracking|membership|"
    r"member|claim|confirmation|serial|card|reservation|parcel)"
)
_CUED_NUMBER = re.compile(
    rf"(?P<cue>\b(?:{_THING}[ -]{{0,2}}(?P<sure>nummer|nr\b\.?|no\b\.?|id\b|zeichen|code|number|num\b|ref\b|#)|{_THING}"
    r"|(?P<bare>nummer|nr\.|number|aktenzeichen|az:))(?: ?[:#=])?(?: (?:ist|is|lautet|war|was|die|the|die nummer)){0,2}"
    r"(?: ?[:#=])? ?)(?P<value>[a-z]{0,4}[-/]?\d[\w/-]{2,30}(?:[ .]\d{2,8}){0,5})(?!\w)",
    re.I,
)
_CUED_PHONE = re.compile(
    r"(?P<cue>\b(?:tel|telefon|telefonnummer|handy|handynummer|mobil|mobilnummer|fon|rückrufnummer|phone|mobile|cell|"
    r"landline|phone number|mobile number)\b\.?(?: ?:)?(?: (?:ist|is|unter|on|nummer|number|lautet|die|my|meine)){0,3}"
    r"(?: ?:)? )(?P<value>\d(?:[ /.-]{0,2}\d){4,16})(?!\w)",
    re.I,
)
_YEAR = re.compile(r"(?:19|20)\d{2}")

_CUE = (
    r"Herrn?|HERRN?|herrn?|Frau|FRAU|frau|Fräulein|Hr\.?|Hrn\.?|Fr\.|Mr\.?|MR\.?|Mrs\.?|MRS\.?|Ms\.?|Miss|Mister|Sir|"
    r"Kolleg(?:e|en|in)|Mitarbeiter(?:in|s)?|Sachbearbeiter(?:in|s)?|Berater(?:in|s)?|Betreuer(?:in|s)?|"
    r"[Aa]gent(?:in)?|[Aa]dvis[eo]r|[Rr]ep|[Rr]epresentative|[Cc]olleague|[Oo]perator|[Nn]amens|[Nn]amed|"
    r"[Ss]poke (?:to|with)|[Ss]peaking (?:to|with)|[Tt]hanks to|[Mm]y name is|[Mm]y name's|[Nn]ame:|[Mm]ein Name ist|"
    r"[Mm]ein Name:|[Ii]ch heiße|[Ii]ch heisse"
)
_NAME_WORD = r"[^\W\d_a-zà-öø-ÿ][^\W\d_]{0,30}(?:['’-][^\W\d_]{1,30}){0,3}"
_TITLE = r"(?:(?:Dr|Prof|Dipl|Ing|Mag)\.(?:-Ing\.)? ?|Doktor |Professor ){0,3}"
_PARTICLE = r"(?:(?:von|van|de|del|di|da|el|al|ten|zu) (?:(?:der|den|dem|zu|la|las|los) )?)?"
_PERSONAL_TITLE = re.compile(r"(?:herrn?|frau|fräulein|hrn?|fr|mrs?|ms|miss|mister|sir)\b", re.I)
_CUED_NAME = re.compile(
    rf"(?P<cue>(?<!\w)(?:{_CUE}) {{1,3}})(?P<title>{_TITLE})(?P<initial>[A-ZÄÖÜ]\. ?)?(?P<particle>{_PARTICLE})"
    rf"(?P<first>{_NAME_WORD})(?!\w)(?P<second> (?:{_PARTICLE})(?P<last>{_NAME_WORD})(?!\w))?"
)
_SIGNATURE = re.compile(
    r"(?P<cue>(?<!\w)(?:Grüße|Grüßen|Gruß|Gruss|Grüsse|Grüssen|LG|VG|MfG|mfg|lg|vg|[Rr]egards|[Ss]incerely|[Yy]ours)"
    rf"[,!.]?[ \n]{{1,3}})(?P<name>{_NAME_WORD}(?: {_NAME_WORD}){{0,2}})(?=[ .!]{{0,3}}(?:\n|\Z))"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "’": "'"})
_OUT_AND_TOKENS = _OUT | str.maketrans("⟦⟧", "  ")

# Words that may follow a cue with a capital and are no name: "Frau WAR", "Herr Ober", "Kollege Computer".
_NEVER_A_NAME = frozenset(
    """
    aber alle alles als also am an auch auf aus bei beim bin bis bitte da danach dann das dass dem den der des
    die dies diese doch dort du durch ein eine einen einer er es euch für gab ganz gar gegen gern gerne gibt
    ging gut habe haben hallo hat hatte hatten ich ihm ihn ihr im immer in ins ist ja jede jeder jetzt kam kann
    kein keine konnte leider mal man mein meine mich mir mit muss musste nach nicht nichts nie niemand noch nun
    nur ob oder ohne sagte sehr sein seine sich sie sind so soll sollte sonst super toll trotz über um und uns
    unter vom von vor wann war waren warum was weil wenn wer werde wie wir wird wo wollte wurde zu zum zur zwar
    freundlich nett kompetent schnell hilft half about after again all always and any are as at be because been
    but by can could did do does even every for from get got had has have he her here him his how if into is it
    its just me my never no not of on one only or our out over really she some still than thank thanks that the
    their them then there they this to too under very we were what when where which who why will with would you
    your friendly helpful told said called asked kept sir madam customer someone somebody anyone nobody manager
    support service services sales team staff everyone both ober doktor professor kollege kollegin mitarbeiter
    mitarbeiterin berater beraterin chef chefin nachbar nachbarin kunde kundin präsident minister gott computer
    telefon hotline schalter empfang rezeption abend morgen mittag vormittag nachmittag nacht montag dienstag
    mittwoch donnerstag freitag samstag sonntag januar februar märz april mai juni juli august september oktober
    november dezember monday tuesday wednesday thursday friday saturday sunday january february march may june
    july october december rechnung vertrag problem probleme anliegen frage fragen hilfe beratung bescheid
    auskunft danke dank lob telefonat gespräch anruf rückruf termin paket lieferung bestellung konto karte
    karten geld preis zimmer hotel zug flug bahn bus bank filiale geschäft laden kasse ticket internet router
    technik techniker störung kündigung antrag formular mail brief post adresse nummer daten zeit minuten
    stunden tage wochen geduld ahnung respekt euro uhr deutsch englisch top klasse spitze prima note sterne
    vielen beste besten großes riesen tolle tolles nette netter wirt gast best good call order account bestens
    alleine gestern heute morgens abends damals zuerst bot chatbot app website login portal amt vorname nachname
    nachtschicht vertrieb kundenservice kundendienst callcenter abteilung buchhaltung verkauf innendienst hause
    """.split()  # noqa: SIM905 - a paragraph of words reads better than a list
)
# Names that are ordinary words as well: with a cue they go ("Frau Klein"), on the roster only as a full name.
_ALSO_A_WORD = frozenset(
    """
    kurz lang klein groß gross neu alt jung schön schoen stark weiß weiss schwarz braun grün gruen rot blau koch
    wolf fuchs vogel sommer winter herbst berg stein wald feld bach see holz fisch engel kaiser könig koenig
    graf fürst bauer richter reich arm hart sauer froh mark bill rose grace hope joy faith max frank ernst pat
    rob art dean miles price rich young long short black white brown green gray grey king love day bell cook
    baker hunter mason page hall hill wood woods field rice stone rivers banks lane park parks bush moon little
    small sharp wise strong bright
    """.split()  # noqa: SIM905
)
_ORDINARY = {word.translate(_OUT) for word in _NEVER_A_NAME | _ALSO_A_WORD}
_NOUN_ENDINGS = ("ung", "ungen", "heit", "keit", "schaft", "tion", "tionen", "tät", "nummer", "ment", "ling", "nis")


def redact(text: str, names: Iterable[str] = ()) -> str:
    """The comment fit for storing: NFC, no control characters but line ends, personal data replaced by tokens.

    `names` is the client's agent roster ("Rolf Baumann" or "Baumann, Rolf"): full names, and first and last names
    that are not ordinary words, go wherever they stand. Idempotent; never fails.
    """
    text = _LINE_END.sub("\n", text).replace("\t", " ")
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    roster = _roster(frozenset(names))
    for _ in range(_PASSES):
        before = text
        text = _redact_once(text, roster)
        if text == before:
            break
    return text


def _redact_once(text: str, roster: dict[str, list[tuple[str, ...]]]) -> str:
    text = _LINK.sub("⟦link⟧", text)
    text = _EMAIL.sub("⟦email⟧", text)
    if _DIGIT.search(text):
        text = _IBAN.sub("⟦iban⟧", text)
        text = _CUED_PHONE.sub(r"\g<cue>⟦phone⟧", text)
        text = _CUED_NUMBER.sub(_mask_cued_number, text)
        text = _NUMERIC.sub(_mask_number, text)
    text = _CUED_NAME.sub(_mask_name, text)
    text = _SIGNATURE.sub(_mask_signature, text)
    return _mask_roster(text, roster) if roster else text


def _mask_cued_number(match: re.Match) -> str:
    """ "Kundennummer 4711" goes; "Rechnung 2026" and "order 3 times" stay."""
    value = match["value"]
    digits = sum(char.isdigit() for char in value)
    is_plain = not match["sure"] and (digits < 4 or _YEAR.fullmatch(value))
    if is_plain or re.match(_KEEP, value, re.I):
        return match.group()
    return f"{match['cue']}⟦number⟧"


def _mask_number(match: re.Match) -> str:
    found, kind = match.group(), match.lastgroup
    digits = [int(char) for char in found if char.isdigit()]
    if kind == "keep" or (kind == "code" and len(digits) < 4):
        return found
    if 13 <= len(digits) <= 19 and _luhn(digits):
        return "⟦card⟧"
    return "⟦phone⟧" if kind == "phone" and len(digits) >= 6 else "⟦number⟧" if len(digits) >= 6 else found


def _luhn(digits: list[int]) -> bool:
    """The check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(digits[-1::-2])) % 10 == 0


def _mask_name(match: re.Match) -> str:
    """One name, or two where the second is no ordinary noun: German nouns have capitals, too."""
    first, last, cue = match["first"], match["last"], match["cue"]
    if match["particle"] and not _PERSONAL_TITLE.match(cue):  # "Kollege von der Technik"
        return match.group()
    if first.lower() in _NEVER_A_NAME or (len(first) == 1 and not match["initial"]):
        return match.group()
    shouted = first.isupper() and len(first) > 1
    takes_second = last and not shouted and last.lower() not in _NEVER_A_NAME and not last.endswith(_NOUN_ENDINGS)
    return f"{cue}⟦name⟧" if takes_second else f"{cue}⟦name⟧{match['second'] or ''}"


def _mask_signature(match: re.Match) -> str:
    words = match["name"].split()
    is_name = not any(word.lower() in _NEVER_A_NAME for word in words)
    return f"{match['cue']}⟦name⟧" if is_name else match.group()


@lru_cache(maxsize=64)
def _roster(names: frozenset[str]) -> dict[str, list[tuple[str, ...]]]:
    """The deny-list by first word: full names in both orders, and every single name that is no ordinary word.

    A genitive s is no obstacle; the word as it stands goes first.
    """
    sequences: set[tuple[str, ...]] = set()
    for name in names:
        words = tuple(_folded(word) for word in _WORD.findall(unicodedata.normalize("NFC", name)))
        if len(words) > 1:
            sequences.update((words, words[-1:] + words[:-1], words[1:] + words[:1]))
        sequences.update((word,) for word in words if len(word) > 2 and word not in _ORDINARY)
    index: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for genitive in ("", "'s", "s"):
        for sequence in sorted(sequences, key=len, reverse=True):
            index[sequence[0] + genitive].append(sequence)
    return dict(index)


def _mask_roster(text: str, roster: dict[str, list[tuple[str, ...]]]) -> str:
    at_once = text.lower().translate(_OUT_AND_TOKENS)
    if at_once.isascii() and roster.keys().isdisjoint(_WORD.findall(at_once)):
        return text  # most texts name nobody, and folding them whole is a tenth of the work
    found = [match for match in _WORD.finditer(text) if text[match.start() - 1 : match.start()] != "⟦"]
    folded = [_folded(match.group()) for match in found]
    if roster.keys().isdisjoint(folded):
        return text
    pieces, index, copied = [], 0, 0
    while index < len(found):
        length = _length_at(folded, index, roster)
        if length and _is_one_name(text, found, index, length):
            pieces += [text[copied : found[index].start()], "⟦name⟧"]
            copied = found[index + length - 1].end()
        index += length or 1
    return "".join([*pieces, text[copied:]])


def _length_at(folded: list[str], index: int, roster: dict[str, list[tuple[str, ...]]]) -> int:
    """How many words from `index` on are a name of the roster; 0 for none."""
    for sequence in roster.get(folded[index], ()):
        if len(sequence) == 1 or tuple(folded[index + 1 : index + len(sequence)]) == sequence[1:]:
            return len(sequence)
    return 0


def _is_one_name(text: str, found: list[re.Match], index: int, length: int) -> bool:
    """The words stand together: nothing but spaces, a comma or a dot between them."""
    inner = range(index, index + length - 1)
    return all(text[found[i].end() : found[i + 1].start()].strip(" ,.") == "" for i in inner)


def _folded(word: str) -> str:
    """Small letters, umlauts written out, other accents dropped: "Ayşe" is "Ayse"."""
    word = word.lower().translate(_OUT)
    if word.isascii():
        return word
    return "".join(char for char in unicodedata.normalize("NFKD", word) if char.isalpha() or char in "'-")
