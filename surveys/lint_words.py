"""The words by which `lint` knows a bad question, in German and English: patterns, matched without regard to case.

`balanced` is taken out of a question before anything is looked for: pairs that name both ends, and idioms.
"""

import re
from dataclasses import dataclass


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


@dataclass(frozen=True)
class Words:
    balanced: re.Pattern[str]
    leading: re.Pattern[str]
    joining: re.Pattern[str]
    negation: re.Pattern[str]
    double_negation: re.Pattern[str]
    absolute: re.Pattern[str]
    jargon: re.Pattern[str]
    positive: re.Pattern[str]  # of the label of a scale's end
    negative: re.Pattern[str]
    formal: re.Pattern[str] | None = None  # where a language says Sie


# Words that deny by their first letters, but for those that only begin so.
_DENYING_EN = r"(un(?!til|der|it|iq)\w{4,}|dis(?!cuss|cover|play|tanc|tinct)\w{4,}|impossible)"
_DENIAL_EN = r"(n[’']t|\b(not|never|no|none|nobody|without|cannot))\b"
_PRAISE_DE = (
    "gut|toll|super|prima|großartig|hervorragend|ausgezeichnet|erstklassig|exzellent|perfekt|freundlich|kompetent|"
    "hilfreich|angenehm|begeistert|glücklich|froh|beeindruckt|überzeugend|bequem|vorbildlich"
)
_BLAME_DE = "schlecht|schlimm|ärgerlich|mies|unfreundlich|enttäuscht|enttäuschend|unzufrieden|verärgert|unprofessionell"
_PRAISE_EN = (
    "good|great|wonderful|excellent|amazing|awesome|fantastic|outstanding|superb|perfect|friendly|helpful|pleasant|"
    "happy|pleased|delighted|impressed|impressive|convenient|exceptional|professional|competent"
)
_BLAME_EN = (
    "bad|poor|terrible|awful|annoying|annoyed|rude|unhelpful|disappointed|disappointing|unhappy|frustrating|slow"
)

GERMAN = Words(
    balanced=_any(
        r"\b(\w+) oder (un|nicht )\1\b",
        r"\b(leicht|einfach) oder (schwer|schwierig)\b",
        r"\b(gut|besser) oder (schlecht|schlechter)\b",
        r"\b(freund(in|en)?|famil\w+)(,| oder| und) (kolleg\w+|bekannten?|freunden?)( oder \w+)?\b",
        r"\bja oder nein\b",
        r"\bmehr oder weniger\b",
        r"\bvoll und ganz\b",
        r"\b(ab und zu|nach und nach|rund um die uhr|alles in allem|vor allem|nur noch|hin und wieder)\b",
        r"\bauf (jeden|alle) fälle?\b",
        r"\b(per|am|im|über|an der|an die|auf der)\s+\w+([\w ,-]+)? oder\s+(per|am|im|über|auf der|an der)?\s*\w+",
        r"\bnicht nur\b",
        r"\b(fragen|lob) und (antworten|kritik)\b",
    ),
    leading=_any(
        rf"\bwie (sehr |besonders |außerordentlich )?({_PRAISE_DE}|{_BLAME_DE})\b",
        rf"\bunser(e|en|em|er|es)? (\w+ )?({_PRAISE_DE}|schnell|bewährt|neu)(e|en|em|er|es)\b",
        rf"\b(besonders|so|sehr|wirklich|auch|ebenso) (\w+ )?({_PRAISE_DE}|{_BLAME_DE}|zufrieden)\b",
        r"\bnicht wahr\b",
        r"\bstimmt[’'`]?s\b",
        r",\s*oder\s*(nicht)?\s*\?",
        r"\b(finden|meinen|denken|glauben) sie nicht\b",
        r"\b(findest|meinst|denkst|glaubst) du nicht\b",
        r"\b(stimmen sie|stimmst du) (uns )?(auch )?zu, dass\b",
        r"\bauch der (meinung|ansicht)\b",
        r"\bwas (hat|hatte) (ihnen|dir|euch) (\w+ ){0,3}gefallen\b",
        r"\bwie (sehr|gut) hat (es )?(ihnen|dir|euch) (\w+ ){0,5}gefallen\b",
        r"\b(warum|weshalb|wieso) (sind sie|bist du) (\w+ )?(zufrieden|unzufrieden|begeistert|enttäuscht)\b",
        r"\b(was|worüber) (hat|haben|hast) (sie|dich|du) (\w+ ){0,4}(geärgert|gestört|enttäuscht|gefreut)\b",
        r"\bwas (schätzen|mögen|lieben) sie\b",
        r"\bwas (schätzt|magst|liebst) du\b",
        r"\bwie sehr (freuen|haben|hast|freust|lieben|mögen|schätzen)\b",
        r"\b(sicherlich|natürlich|selbstverständlich|wie wir alle wissen|bekanntlich)\b",
    ),
    joining=re.compile(r"\b(und|oder|sowie|beziehungsweise|bzw\.?|und/oder)(?!\w)", re.IGNORECASE),
    negation=_any(r"\bnicht\b", r"\bkein(e|en|em|er|es)?\b", r"\bniemals\b", r"\bnie\b", r"\bohne\b"),
    double_negation=_any(
        r"\bnicht (\w+ )?un\w{4,}",
        r"\b(nicht|keine?[nmrs]?|nie|niemals|ohne)\b.*\b(nicht|keine?[nmrs]?|nie|niemals|ohne|miss\w+)\b",
    ),
    absolute=_any(
        r"\bimmer\b", r"\bstets\b", r"\bniemals\b", r"\bnie\b", r"\balles?\b", r"\balle[nmr]\b", r"\bjede[nmrs]?\b",
        r"\bjederzeit\b", r"\bvollständig\b", r"\bvöllig\b", r"\bkomplett\b", r"\bausschließlich\b",
        r"\bhundertprozentig\b", r"\bin jeder hinsicht\b", r"\bniemand(em|en)?\b",
    ),
    jargon=_any(
        r"\btickets?\b", r"\btouchpoints?\b", r"\bcustomer[ -]\w+", r"\bfirst[ -]level\b", r"\bsecond[ -]level\b",
        r"\bself[ -]?service\b",
        r"\beskal(ation|ier)\w*", r"\bincidents?\b", r"\bonboarding\b", r"\bservice[ -]?level\w*",
        r"\bvorgangsbearbeitung\w*", r"\bissues?\b", r"\bcases?\b", r"\bomnichannel\w*", r"\bcall ?center-agent\w*",
        r"\bbackoffice\b", r"\bnachbearbeitung\w*", r"\bstakeholder\w*", r"\busability\b", r"\buser experience\b",
    ),
    positive=_any(
        r"zufrieden", r"wahrscheinlich", r"\bstimme\b.*\bzu\b", r"\bleicht\b", r"einfach", r"\bgut\b", r"hervorragend",
        r"ausgezeichnet", r"\bsuper\b", r"\btoll\b", r"freundlich", r"\bja\b", r"hilfreich", r"wenig aufwand",
    ),
    negative=_any(
        r"\bun(zufrieden|wahrscheinlich|freundlich)", r"\bnicht\b", r"\bkein", r"schwer", r"schwierig", r"schlecht",
        r"mangelhaft", r"ungenügend", r"\bviel aufwand", r"\bnein\b", r"aufwendig", r"\blehne\b.*\bab\b", r"furchtbar",
    ),
    formal=re.compile(r"\b(Sie|Ihnen|Ihr(e[mnrs]?)?)\b"),
)  # fmt: skip

ENGLISH = Words(
    balanced=_any(
        r"\b(\w+) or (un|dis|in|not )\1\b",
        r"\b(very )?(easy|hard|good|happy) or (very )?(difficult|easy|hard|bad|poor|unhappy)\b",
        r"\b(friends?|family|relatives?)(,| or| and) (a )?(colleagues?|family|friends?|relatives?)( or \w+)?\b",
        r"\byes or no\b",
        r"\bmore or less\b",
        r"\b(now and then|again and again|terms and conditions|by and large|all in all|at all|first of all)\b",
        r"\b(by|via|in|on|through) (\w+ ?){1,3}(, (\w+ ?){1,3})* or (by |via |in |on |through )?(the )?\w+",
        r"\bquestions and answers\b",
        r"\bafter all\b",
        r"\bnot only\b",
    ),
    leading=_any(
        rf"\bhow (very |really |incredibly )?({_PRAISE_EN}|{_BLAME_EN})\b",
        rf"\bour (\w+ )?({_PRAISE_EN}|fast|award-winning|new and improved|improved|renowned)\b",
        rf"\b(so|really|particularly|truly) ({_PRAISE_EN}|{_BLAME_EN}|satisfied)\b",
        rf"\b(was|were|is|are)(n[’']t)? .*\b({_PRAISE_EN}|{_BLAME_EN}), (right|no|yes)\b",
        r"\b(is|was|are|were|do|did|does|would|could|has|have)(n[’']t) (it|you|they|we|he|she)\b",
        r",\s*(right|correct|yes)\s*\?",
        r"\b(do|would) you (not )?agree that\b",
        r"\byou (would|will|must|surely) agree\b",
        r"\b(what|which \w+) did you (\w+ )?(like|love|enjoy|appreciate)\b",
        r"\bhow much (did|do) you (\w+ )?(like|love|enjoy|appreciate|hate|dislike)\b",
        r"\bwhy (do|did) you (\w+ )?(love|like|enjoy|trust|prefer|hate|dislike)\b",
        r"\bwhat (\w+ )?(annoyed|disappointed|frustrated|delighted|impressed|bothered) you\b",
        r"\bwhy (are|were) you (\w+ )?(satisfied|dissatisfied|unhappy|happy)\b",
        r"\b(surely|obviously|of course|undoubtedly|as we all know|naturally)\b",
        r"\bhow (well|badly) did we\b",
    ),
    joining=re.compile(r"\b(and|or|as well as|and/or)\b|(?<=\w)\s*&", re.IGNORECASE),
    negation=_any(
        r"\bnot\b", r"n[’']t\b", r"\bno\b", r"\bnone\b", r"\bnever\b", r"\bwithout\b", r"\bnobody\b", r"\bcannot\b"
    ),
    double_negation=_any(
        rf"\b(not|never|cannot|no) (\w+ ){{0,2}}{_DENYING_EN}\b",
        rf"{_DENIAL_EN}.*{_DENIAL_EN}",
        rf"n[’']t (\w+ ){{0,3}}{_DENYING_EN}\b",
    ),
    absolute=_any(
        r"\balways\b", r"\bnever\b", r"\ball\b", r"\bevery\b", r"\beverything\b", r"\beveryone\b", r"\bcompletely\b",
        r"\btotally\b", r"\bentirely\b", r"\bfully\b", r"\babsolutely\b", r"\bnobody\b", r"\bat any time\b",
        r"\bnone\b",
    ),
    jargon=_any(
        r"\btickets?\b", r"\btouch ?points?\b", r"\bcustomer (journey|experience|effort|success)\b", r"\bescalat\w+",
        r"\bfirst[ -](level|line|contact resolution)\b", r"\bself[ -]service\b", r"\bincidents?\b", r"\bomnichannel\b",
        r"\bservice levels?\b", r"\bonboarding\b", r"\bstakeholders?\b", r"\busability\b", r"\buser experience\b",
        r"\bback ?office\b", r"\bhandling time\b", r"\bcase (id|number|handler)\b", r"\bproactive\w*",
        r"\bend[ -]to[ -]end\b", r"\bleverag\w+", r"\bfrictionless\b", r"\bdeflect\w+",
    ),
    positive=_any(
        r"\bsatisfied\b", r"\blikely\b", r"\bagree\b", r"\beasy\b", r"\bgood\b", r"\bexcellent\b", r"\bhappy\b",
        r"\bgreat\b", r"\bhelpful\b", r"\bfriendly\b", r"\byes\b", r"\blow effort\b",
    ),
    negative=_any(
        r"\bdissatisfied\b", r"\bunsatisfied\b", r"\bunlikely\b", r"\bdisagree\b", r"\bdifficult\b", r"\bhard\b",
        r"\bbad\b", r"\bpoor\b", r"\bnot\b", r"\bunhappy\b", r"\bterrible\b", r"\bawful\b", r"\bno\b",
        r"\bhigh effort\b",
    ),
)  # fmt: skip

WORDS = {"de": GERMAN, "en": ENGLISH}
# Capitals that customers know without being told.
KNOWN = frozenset({
    "AG", "AGB", "APP", "ATM", "DSL", "DVD", "EC", "EU", "EUR", "FAQ", "GPS", "IBAN", "ID", "KFZ", "LED", "LKW",
    "MMS", "OK", "PC", "PDF", "PIN", "PKW", "PLZ", "QR", "SEPA", "SIM", "SMS", "TAN", "TV", "UK", "US", "USA", "USB",
    "VAT", "WC", "WIFI", "WLAN",
})  # fmt: skip
