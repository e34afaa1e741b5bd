"""What a text costs as an SMS: parts counted as networks count them, and no part bought for a curly quote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.delivery import gsm


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("ä" * 160, 1),  # umlauts are in the basic table
        ("€" * 80, 1),  # an escape and a character: two septets each
        ("€" * 81, 2),
        ("x" + "€" * 80, 2),
        ("€" * 152, 2),  # 76 fit into 153, and no escape is torn from its character
        ("€" * 153, 3),
        ("x" * 152 + "€" + "x" * 151, 2),
        ("x" * 152 + "€" + "x" * 152, 3),
        ("č" * 70, 1),
        ("č" * 71, 2),
        ("č" * 134, 2),
        ("č" * 135, 3),
        ("😀" * 35, 1),  # a surrogate pair: two code units
        ("😀" * 36, 2),
        ("č" * 66 + "😀" + "č" * 65, 2),
        ("č" * 66 + "😀" + "č" * 66, 3),
        ("x" * 69 + "č", 1),
        ("x" * 70 + "č", 2),
    ],
)
def test_parts_are_counted_as_networks_count_them(text, parts):
    assert gsm.parts(text) == parts


def test_the_alphabet_has_128_places_of_which_one_is_the_escape_and_ten_more_behind_it():
    assert (len(gsm._BASIC), len(gsm._EXTENDED)) == (127, 10)
    assert not gsm._BASIC & gsm._EXTENDED


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("„So“ – “so”…", '"So" - "so"...'),
        ("‚so‘ ’n’", "'so' 'n'"),
        ("10\u00a0€", "10 €"),
        ("Müller\u00adweg", "Müllerweg"),
        ("Mu\u0308ller", "Müller"),  # composed
        ("Škoda – „neu“", "Škoda – „neu“"),  # needs UCS-2 anyway: typography stays
        ("Škoda", "Škoda"),
        ("Straße & Söhne @ 5 %", "Straße & Söhne @ 5 %"),
        ("gut 👍", "gut 👍"),
    ],
)
def test_typography_alone_never_makes_a_text_dearer_and_no_name_is_misspelt(text, plain):
    assert gsm.plain(text) == plain


@given(st.text(max_size=400))
def test_a_text_made_plain_is_never_dearer_in_gsm_and_keeps_its_letters(text):
    plain = gsm.plain(text)
    assert gsm.plain(plain) == plain
    assert gsm.parts(plain) >= 1
    if gsm.is_gsm(text):
        assert gsm.is_gsm(plain)


@given(st.text(alphabet=st.sampled_from("xä€č😀"), max_size=700))
def test_parts_follow_from_packing_every_character_whole(text):
    """Counted once more the long way: each character's code units, packed one by one."""
    is_gsm = not set(text) & set("č😀")
    wide = "€" if is_gsm else "😀"
    alone, joined = (160, 153) if is_gsm else (70, 67)
    widths = [1 + (character in wide) for character in text]
    boxes, room = 1, joined
    for width in widths:
        boxes, room = (boxes, room - width) if width <= room else (boxes + 1, joined - width)
    assert gsm.parts(text) == (1 if sum(widths) <= alone else boxes)
