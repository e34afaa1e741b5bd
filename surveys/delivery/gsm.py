"""What a text costs as an SMS: the GSM 7-bit alphabet (3GPP TS 23.038), how many parts it takes, and how to keep to it.

A single message holds 140 octets: 160 septets, or 70 code units of UCS-2. Of a longer text each part gives six octets
to the header that joins them, which leaves 153 or 67. Neither an escaped character nor a surrogate pair is torn apart.
"""

import unicodedata

# Table 6.2.1 without the escape, and the extension of 6.2.1.1, whose characters take two septets.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM, _JOINED_GSM = 160, 153  # septets
_UCS2, _JOINED_UCS2 = 70, 67  # code units of 16 bits

# Typography that says the same in plain characters.
_PLAIN = str.maketrans(
    dict.fromkeys("„“”‟«»″", '"')
    | dict.fromkeys("‚‘’‛‹›′`´", "'")
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u00a0\u2007\u2009\u200a\u202f\t", " ")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", "")
    | {"…": "...", "·": "-", "•": "-", "×": "x", "ẞ": "SS"}
)


def is_gsm(text: str) -> bool:
    """Whether every character is in the GSM alphabet or its extension."""
    return _BASIC.union(_EXTENDED).issuperset(text)


def plain(text: str) -> str:
    """The text in GSM characters where typography alone stands in the way; else composed, and as it was.

    A letter that GSM lacks is never replaced: that would misspell a name, and the message takes UCS-2 instead.
    """
    text = unicodedata.normalize("NFC", text)
    simple = text.translate(_PLAIN)
    return simple if is_gsm(simple) else text


def parts(text: str) -> int:
    """How many messages the text takes; one for an empty text."""
    if is_gsm(text):
        return _filled([2 if character in _EXTENDED else 1 for character in text], _GSM, _JOINED_GSM)
    return _filled([2 if ord(character) > 0xFFFF else 1 for character in text], _UCS2, _JOINED_UCS2)


def _filled(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > joined:
            count, used = count + 1, 0
        used += width
    return count
