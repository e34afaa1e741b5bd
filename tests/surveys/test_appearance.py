"""How a client's pages look: whatever is chosen, everything can be read, and nothing that is chosen is a program."""

import datetime as dt
import gzip
import io
import re
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from surveys import appearance, wording
from surveys.appearance import colours, logos, stylesheets, tokens
from surveys.appearance.logos import BadLogo, Plate
from surveys.appearance.stylesheets import TYPEFACES, Wish, sheet
from surveys.appearance.tokens import Scheme
from surveys.delivery import links
from surveys.models import Appearance, Question, SurveyVersion
from surveys.pages import look
from tests import factories

ANY_COLOUR = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
FOR_EVER = "public, max-age=31536000, immutable"
FOR_NOW = "public, max-age=300"


# --- Colours --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.478),  # the grey that is famous for not quite reaching it
        ("#767676", "#ffffff", 4.542),
        ("#ff0000", "#ffffff", 3.998),
        ("#0000ff", "#ffffff", 8.592),
        ("#008000", "#ffffff", 5.137),
    ],
)
def test_contrast_is_what_wcag_says(one, other, expected):
    assert colours.contrast(one, other) == pytest.approx(expected, abs=0.001)
    assert colours.contrast(other, one) == colours.contrast(one, other)


def test_the_grounds_are_those_of_the_tokens():
    assert colours.grounds(Scheme.LIGHT) == ["#fcfbf9", "#ffffff"]
    assert colours.grounds(Scheme.DARK) == ["#181716", "#211f1d"]


def test_both_ways_to_write_the_dark_scheme_say_the_same():
    chosen = tokens.source("tokens.css").partition(':root[data-theme="dark"]')[2]
    assert dict(re.findall(r"(--[\w-]+):\s*([^;]+);", chosen)) == tokens.declared(Scheme.DARK)


@given(ANY_COLOUR, st.sampled_from(Scheme))
@example("#ffe600", Scheme.LIGHT)
@example("#000000", Scheme.DARK)
@example("#ffffff", Scheme.LIGHT)
def test_the_nearest_shade_holds_and_a_colour_that_holds_is_left_alone(colour, scheme):
    shade = colours.nearest(colour, scheme)
    assert colours.is_readable(shade, scheme)
    assert (shade == colour) == colours.is_readable(colour, scheme)


def test_a_refused_yellow_is_offered_as_a_darker_yellow():
    shade = colours.nearest("#ffe600", Scheme.LIGHT)
    assert (shade, round(colours.ratio(shade, Scheme.LIGHT), 2)) == ("#827500", 4.52)
    red, green, blue = (int(shade[place : place + 2], 16) for place in (1, 3, 5))
    assert (blue, round(green / red, 2)) == (0, round(0xE6 / 0xFF, 2))


def pairs_of(css):
    """(ink, ground) of each rule that names a colour of the client's, as tokens; a ground of None is the page's."""
    pairs = set()
    for rule in re.findall(r"[^{}]+\{([^{}]*)\}", css):
        properties = dict(re.findall(r"([\w-]+):\s*([^;]+)", rule))
        ink = re.search(r"--nk-(?:on-)?accent(?:-strong)?", properties.get("color", ""))
        ground = re.search(r"--nk-[\w-]+", properties.get("background", ""))
        if ink or (ground and "accent" in ground[0]):
            pairs.add((ink and ink[0], ground and ground[0]))
    return pairs


INKS = {
    ("--nk-accent", None),
    ("--nk-accent-strong", None),
    ("--nk-accent-strong", "--nk-wash"),
    ("--nk-on-accent", "--nk-accent"),
    (None, "--nk-accent"),
    ("--nk-on-accent", "--nk-accent-strong"),
}


def test_the_pairs_that_the_stylesheet_uses_are_those_that_are_kept_readable():
    assert pairs_of(tokens.source("survey.css")) == INKS


@given(ANY_COLOUR, st.just("") | ANY_COLOUR)
def test_whatever_is_accepted_can_be_read_in_every_pair_of_the_stylesheet(accent, dark):
    """Accepted, or mended as the form offers it."""
    values = {Scheme.LIGHT: colours.nearest(accent, Scheme.LIGHT)}
    values[Scheme.DARK] = colours.nearest(dark, Scheme.DARK) if dark else colours.for_dark(accent)
    for scheme, colour in values.items():
        palette = colours.palette(colour, scheme)
        assert palette.accent == colour
        hovered = colours.grounds(scheme, hovered=True)
        pairs = [(palette.accent, ground) for ground in colours.grounds(scheme)]
        pairs += [(palette.strong, ground) for ground in hovered]
        pairs += [(palette.on_accent, ground) for ground in (palette.accent, palette.strong)]
        assert [pair for pair in pairs if colours.contrast(*pair) < 4.5] == []
        assert palette.strong != palette.accent


@pytest.mark.parametrize("scheme", Scheme)
def test_the_colours_of_the_house_hold_what_is_asked_of_clients(scheme):
    accent, strong, ink = (tokens.value_of(f"--nk-{name}", scheme) for name in ("accent", "accent-strong", "on-accent"))
    assert colours.is_readable(accent, scheme)
    assert [g for g in colours.grounds(scheme, hovered=True) if colours.contrast(strong, g) < 4.5] == []
    assert min(colours.contrast(ink, accent), colours.contrast(ink, strong)) >= 4.5


# --- The stylesheet -------------------------------------------------------------------------------------------------


def rules(wish):
    return sheet(wish).content.decode()


def test_the_stylesheet_carries_the_clients_colours_for_both_schemes_and_its_typeface():
    css = rules(Wish("#8c1d18", "#ffb4ab", "serif"))
    light, dark = css.split("@media screen and (prefers-color-scheme:dark)")
    assert ("--nk-accent:#8c1d18" in light, "--nk-accent:#ffb4ab" in dark) == (True, True)
    assert f"--nk-sans:{TYPEFACES['serif']}" in light
    assert "var(--client" not in css


def test_a_preview_is_held_to_one_scheme():
    assert rules(Wish("#8c1d18", only="dark")).startswith(":root{color-scheme:dark;")
    assert "prefers-color-scheme" not in rules(Wish("#8c1d18", only="dark"))
    assert f"--nk-accent:{colours.for_dark('#8c1d18')}" in rules(Wish("#8c1d18", only="dark"))
    assert "--nk-accent:#8c1d18" in rules(Wish("#8c1d18", only="light"))


def test_the_stylesheet_holds_each_token_that_it_uses_and_no_other():
    css = rules(Wish())
    declared = set(re.findall(r"(--nk-[\w-]+):", css))
    assert declared == tokens.named_in(css)
    assert [name for name in declared if "chart" in name or "promoter" in name] == []


def test_in_a_frame_and_at_a_counter_it_is_one_sheet_as_well_with_what_differs_there():
    css = rules(Wish("#8c1d18", for_door=True))
    assert (".door-kiosk" in css, ".door-embed" in css, ".door-" in rules(Wish("#8c1d18"))) == (True, True, False)
    assert tokens.named_in(css) <= set(re.findall(r"(--nk-[\w-]+):", css))
    assert sheet(Wish("#8c1d18", for_door=True)).path.startswith("/look/8c1d18-auto-house-door-")


def test_minifying_changes_no_rule():
    """Each selector is there, in its order; spaces that mean something stay."""
    selectors = lambda css: [re.sub(r"\s", "", found) for found in re.findall(r"([^{}]+)\{", css)]  # noqa: E731
    expected = selectors(tokens.source("survey.css"))
    assert selectors(rules(Wish()))[-len(expected) :] == expected
    assert "max-width:calc(100% - 2rem)" in stylesheets.cssmin("a { max-width: calc(100% - 2rem); }")


def test_a_token_that_never_changes_is_written_in_place_and_one_that_does_is_not():
    css = rules(Wish())
    tokens_left = tokens.named_in(css)
    assert {"--nk-4", "--nk-radius", "--nk-n-0"} & tokens_left == set()
    assert {"--nk-accent", "--nk-paper", "--nk-sans"} <= tokens_left
    assert f"padding:{tokens.value_of('--nk-3', Scheme.LIGHT)} {tokens.value_of('--nk-4', Scheme.LIGHT)}" in css


@pytest.mark.parametrize("typeface", Appearance.Typeface.values)
def test_every_typeface_of_the_form_is_a_stack_of_the_system(typeface):
    css = rules(Wish(typeface=typeface))
    assert len(css) < 14 * 1024
    assert [word for word in ("@import", "@font-face", "url(", "http") if word in css] == []


@given(st.text(max_size=12), st.text(max_size=12), st.sampled_from([*TYPEFACES, "x;}body{"]))
@example("#fff;}b{", "", "house")
@example("#8c1d18\n", "", "house")
@example("#８c1d18", "", "house")
def test_nothing_but_rrggbb_and_a_known_typeface_ever_becomes_css(accent, dark, typeface):
    is_sound = all(text == "" or re.fullmatch("#[0-9a-f]{6}", text) for text in (accent, dark))
    if is_sound and typeface in TYPEFACES:
        assert Wish(accent, dark, typeface).typeface == typeface
    else:
        with pytest.raises(ValueError, match="no stylesheet for"):
            Wish(accent, dark, typeface)


@given(
    st.text(max_size=60) | st.from_regex(r"[0-9a-f]{5,7}-(auto|[0-9a-f]{6})-(house|arial)(-door)?(-dark)?-[0-9a-f]{12}")
)
def test_an_address_is_read_as_it_was_written_or_not_at_all(name):
    if found := stylesheets.read_address(name):
        wish, digest = found
        assert "-".join([*wish.parts, digest]) == name


def test_the_database_refuses_what_is_no_colour(acme):
    for wrong in ("red", "#FFF", "#8c1d1g", "8c1d18", "url(x)"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Appearance.objects.create(client=acme, accent=wrong)
    assert Appearance.objects.count() == 0


# --- Serving --------------------------------------------------------------------------------------------------------


def test_the_stylesheet_is_packed_cached_for_ever_and_needs_no_query(db, client, django_assert_num_queries):
    served = sheet(Wish("#8c1d18", "", "serif"))
    assert served.path == f"/look/8c1d18-auto-serif-{served.hash}.css"
    with django_assert_num_queries(0):
        packed = client.get(served.path, headers={"Accept-Encoding": "gzip, deflate, br"})
        plain = client.get(served.path, headers={"Accept-Encoding": "gzip;q=0"})
    assert gzip.decompress(packed.content) == plain.content == served.content
    assert (packed["Content-Encoding"], plain.has_header("Content-Encoding")) == ("gzip", False)
    for answer in (packed, plain):
        assert (answer["Cache-Control"], answer["Content-Type"]) == (FOR_EVER, "text/css; charset=utf-8")
        assert "Accept-Encoding" in answer["Vary"]
        assert "Set-Cookie" not in answer.headers


def test_an_address_of_an_earlier_release_is_answered_as_it_is_now_for_a_while(client):
    old = client.get("/look/8c1d18-auto-serif-000000000000.css")
    assert (old.status_code, old["Cache-Control"]) == (200, FOR_NOW)
    assert old.content == sheet(Wish("#8c1d18", "", "serif")).content


@pytest.mark.parametrize("name", ["acme", "8c1d18", "red-auto-house-000000000000", "8C1D18-auto-house-000000000000"])
def test_any_other_address_is_nothing_and_tells_of_no_client(client, name):
    assert client.get(f"/look/{name}.css").status_code == 404
    assert client.post(sheet(Wish()).path).status_code == 405


def test_a_page_links_its_clients_stylesheet_and_logo_without_a_further_query(client, acme, django_assert_num_queries):
    invitation = factories.make_invitation(acme)
    path = f"/s/{links.make(links.ANSWER, invitation.public_id.hex)}/?lang=en"
    client.get(path)  # the first opening is noted
    with django_assert_num_queries(1):
        before = client.get(path).content.decode()
    assert f'href="{sheet(Wish()).path}"' in before
    row = set_logo(acme, draw("navy"), accent="#8c1d18")
    with django_assert_num_queries(1) as own:
        after = client.get(path).content.decode()
    assert f'href="{sheet(Wish("#8c1d18")).path}"' in after
    assert (
        f'<img src="/look/acme/{row.logo_hash}.webp" width="192" height="48" alt="Acme" class="plate-light">' in after
    )
    assert '"surveys_appearance"."logo",' not in own[0]["sql"]


# --- Logos ----------------------------------------------------------------------------------------------------------


def draw(colour, size=(800, 200), ground=(0, 0, 0, 0)):
    """A mark and a word's worth of bars."""
    picture = Image.new("RGBA", size, ground)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((0, 0, size[1] - 1, size[1] - 1), fill=colour)
    for place in range(size[1] + 20, size[0] - 20, 40):
        pen.rectangle((place, size[1] // 4, place + 20, 3 * size[1] // 4), fill=colour)
    return picture


def file_of(picture, kind="PNG", **options):
    target = io.BytesIO()
    (picture if kind != "JPEG" else picture.convert("RGB")).save(target, kind, **options)
    return target.getvalue()


def set_logo(client, picture, **fields):
    drawn = logos.logo_of(file_of(picture))
    row, _is_new = Appearance.objects.update_or_create(
        client=client,
        defaults={
            "logo": drawn.content, "logo_hash": drawn.hash, "logo_width": drawn.width, "logo_height": drawn.height,
            "logo_plate": drawn.plate, **fields,
        },
    )  # fmt: skip
    return row


def noise(size):
    return Image.effect_noise(size, 90).convert("RGB")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_becomes_a_small_webp_whatever_it_was(kind):
    drawn = logos.logo_of(file_of(draw("navy"), kind))
    stored = Image.open(io.BytesIO(drawn.content))
    assert (stored.format, stored.size, (drawn.width, drawn.height)) == ("WEBP", (384, 96), (384, 96))
    assert len(drawn.content) <= 8 * 1024


def test_a_picture_that_packs_badly_is_made_coarser_until_it_fits():
    drawn = logos.logo_of(file_of(noise((700, 700))))
    assert len(drawn.content) <= 8 * 1024
    assert drawn.width == drawn.height <= 96


def test_nothing_of_the_file_but_its_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "secret-place"
    for kind in ("JPEG", "WEBP", "PNG"):
        file = file_of(draw("navy", ground=(255, 255, 255, 255)), kind, exif=exif, icc_profile=b"secret-profile" * 20)
        stored = Image.open(io.BytesIO(logos.logo_of(file).content))
        assert (dict(stored.getexif()), stored.info.get("icc_profile"), b"secret-place" in file) == ({}, None, True)


def test_a_picture_that_was_taken_sideways_stands_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    upright = logos.logo_of(file_of(draw("navy", (100, 400), (255, 255, 255, 255)), "JPEG", exif=exif))
    assert (upright.width, upright.height) == (384, 96)


def test_a_small_logo_is_not_blown_up_and_a_large_one_fits_its_place():
    assert logos.size_on_page(120, 40) == (120, 40)
    assert logos.size_on_page(384, 96) == (192, 48)
    assert logos.size_on_page(384, 20) == (192, 10)
    assert logos.size_on_page(96, 96) == (48, 48)
    assert logos.size_on_page(1, 96) == (1, 48)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png_with_chunk(name, data):
    whole = file_of(draw("navy", (80, 20)))
    chunk = len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
    return whole[:33] + chunk + whole[33:]  # after the header


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"logo.png",
        SVG,
        b"<!doctype html><script>alert(1)</script>",
        b"<?php system($_GET['x']); ?>",
        b"GIF89a" + bytes(60),
        file_of(draw("navy"), "GIF"),
        file_of(draw("navy"), "BMP"),
        b"%PDF-1.7\n" + bytes(200),
        file_of(draw("navy")) + SVG,
        file_of(draw("navy")) + b"PK\x03\x04" + bytes(40),
        file_of(draw("navy"), "JPEG") + b"PK\x03\x04" + bytes(40),
        file_of(draw("navy"), "WEBP") + b"rest",
        file_of(draw("navy"), "JPEG", comment=b"<?php phpinfo(); ?>"),
        png_with_chunk(b"tEXt", b"Comment\0<script>alert(1)</script>"),
        file_of(draw("navy"))[:400],
        file_of(draw("navy")).replace(b"IDAT", b"IDAX"),
        file_of(Image.new("1", (4001, 10))),
        bytes(2 * 1024 * 1024 + 1),
    ],
    ids=lambda file: file[:12].hex() or "empty",
)
def test_what_is_no_plain_picture_is_refused_in_words(file):
    with pytest.raises(BadLogo) as refused:
        logos.logo_of(file)
    assert re.fullmatch(r"[A-Z].+\.", str(refused.value))


def header_that_claims(width, height):
    """A PNG of some bytes that says it is this large."""
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x06\x00\x00\x00"
    data = b"IDAT" + zlib.compress(bytes(100_000), 9)
    chunks = (head, data, b"IEND")
    packed = b"".join((len(c) - 4).to_bytes(4, "big") + c + zlib.crc32(c).to_bytes(4, "big") for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + packed


@pytest.mark.parametrize("size", [(60_000, 60_000), (4001, 1), (2001, 2000), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(size, monkeypatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("unpacked"))
    with pytest.raises(BadLogo):
        logos.logo_of(header_that_claims(*size))


def test_a_text_that_would_fill_the_memory_is_refused():
    bomb = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    with pytest.raises(BadLogo):
        logos.logo_of(png_with_chunk(b"zTXt", bomb))


@pytest.mark.parametrize(
    ("colour", "ground", "expected"),
    [
        ("navy", (0, 0, 0, 0), Plate.LIGHT),  # lost on dark ground
        ("black", (0, 0, 0, 0), Plate.LIGHT),
        ("white", (0, 0, 0, 0), Plate.DARK),  # lost on white
        ("#f58220", (0, 0, 0, 0), Plate.NONE),  # seen on both
        ("navy", (255, 255, 255, 255), Plate.NONE),  # brings its own ground
    ],
)
def test_a_logo_gets_a_plate_where_its_ground_would_swallow_it(colour, ground, expected):
    assert logos.plate_for(draw(colour, (384, 96), ground)) == expected


def test_a_logo_with_a_few_dark_letters_gets_its_plate_too():
    picture = draw("#f58220", (384, 96))
    ImageDraw.Draw(picture).rectangle((120, 30, 340, 60), fill="navy")
    assert logos.plate_for(picture) == Plate.LIGHT


def test_the_logo_is_a_picture_and_nothing_else_and_cached_for_ever(client, acme, django_assert_num_queries):
    look._logo.cache_clear()
    row = set_logo(acme, draw("navy"))
    path = f"/look/acme/{row.logo_hash}.webp"
    with django_assert_num_queries(1):
        served = client.get(path)
    with django_assert_num_queries(0):
        assert client.get(path).content == served.content == row.logo
    kept = {name: served[name] for name in ("Content-Type", "Cache-Control", "Content-Disposition")}
    assert kept == {"Content-Type": "image/webp", "Cache-Control": FOR_EVER, "Content-Disposition": "inline"}
    assert (served["Content-Security-Policy"], served["X-Content-Type-Options"]) == ("default-src 'none'", "nosniff")


def test_an_earlier_logo_leads_to_that_of_today_and_a_foreign_one_nowhere(client, acme, globex):
    look._logo.cache_clear()
    row = set_logo(acme, draw("navy"))
    old = client.get("/look/acme/000000000000.webp")
    assert (old.status_code, old["Location"]) == (302, f"/look/acme/{row.logo_hash}.webp")
    assert old["Cache-Control"] == FOR_NOW
    assert client.get(f"/look/globex/{row.logo_hash}.webp").status_code == 404
    assert client.get(f"/look/nobody/{row.logo_hash}.webp").status_code == 404
    Appearance.objects.create(client=globex)
    assert client.get("/look/globex/x.webp").status_code == 404


def test_the_largest_page_with_the_largest_logo_is_30_kb_in_all(client, acme):
    """As it crosses the network, but for the heads; every kind of question on one page, and ten options."""
    question = lambda key, kind, **more: Question(  # noqa: E731
        key=key, kind=kind, wording={"de": {"ask": "Was war Ihnen bei diesem Anliegen am wichtigsten? " * 2, **more}}
    )
    scale = {"lowest": "gar nicht", "highest": "voll und ganz"}
    options = {f"o{number}": "Eine Antwort, " * 3 for number in range(10)}
    asked = [
        question("score", "nps", **scale), question("csat", "csat", **scale), question("ces", "ces", **scale),
        question("one", "single", options=options), question("many", "multiple", options=options),
        question("comment", "text"), question("more", "text"),
    ]  # fmt: skip
    survey = factories.make_survey(acme, "nps")
    draft = SurveyVersion.objects.create(survey=survey, number=2)
    for position, one in enumerate(asked):
        one.version, one.position, one.is_required = draft, position, position == 0
        one.save()
    version = wording.publish(survey, factories.NOW)
    row = set_logo(acme, noise((900, 300)), accent="#8c1d18", accent_dark="#ffb4ab", typeface="serif")
    invitation = factories.make_invitation(acme, "nps", version=version, expires_at=timezone.now() + dt.timedelta(1))
    html = client.get(f"/s/{links.make(links.ANSWER, invitation.public_id.hex)}/").content
    assert html.count(b'class="question') == 8  # and whether we may call
    css = sheet(Wish("#8c1d18", "#ffb4ab", "serif"))
    rest = sum((tokens.STATIC / name).stat().st_size for name in ("survey.js", "mark.svg"))
    assert (len(css.content) <= 14 * 1024, len(html) <= 12 * 1024, len(row.logo) > 6 * 1024) == (True, True, True)
    assert len(html) + len(css.packed) + len(row.logo) + rest <= 30 * 1024


def test_without_an_appearance_or_a_client_a_page_looks_like_the_house(acme):
    plain = appearance.Look(sheet(Wish()).path)
    assert appearance.look_of(acme) == appearance.look_of(None) == plain
    assert appearance.look_of(acme, Appearance(client=acme)) == plain


# --- In the admin ---------------------------------------------------------------------------------------------------

PLAIN = {"accent": "", "accent_dark": "", "typeface": "house", "review_url": "", "embed_origins": ""}


@pytest.fixture
def analyst(client, acme):
    login = factories.make_login("analyst", language="en")
    factories.give_access(login, acme, "analyst")
    client.force_login(login)
    return client


def save(client, of, **fields):
    """What the form answers, sent for this client."""
    row = Appearance.objects.filter(client=of).first()
    path = f"/admin/surveys/appearance/{row.pk}/change/" if row else "/admin/surveys/appearance/add/"
    return client.post(path, {**PLAIN, "client": of.pk, **fields})


def errors(answer):
    return {name: list(said) for name, said in answer.context["adminform"].form.errors.items()}


def test_an_analyst_keeps_the_appearance_and_the_page_follows(analyst, acme):
    assert save(analyst, acme, accent="#8C1D18", accent_dark="fba", typeface="serif").status_code == 302
    row = Appearance.objects.get()
    assert (row.client, row.accent, row.accent_dark, row.typeface) == (acme, "#8c1d18", "#ffbbaa", "serif")
    assert "already exists" in str(errors(analyst.post("/admin/surveys/appearance/add/", {**PLAIN, "client": acme.pk})))


def test_a_colour_that_cannot_be_read_is_refused_with_its_contrast_and_a_shade_that_can(analyst, acme):
    refused = save(analyst, acme, accent="#ffe600", accent_dark="#331100")
    assert errors(refused) == {
        "accent": [
            "On light ground, #ffe600 has a contrast of 1.2:1, hard to read. "
            "It takes 4.5:1; the nearest shade that has it is #827500."
        ],
        "accent_dark": [
            f"On dark ground, #331100 has a contrast of 1.0:1, hard to read. "
            f"It takes 4.5:1; the nearest shade that has it is {colours.nearest('#331100', Scheme.DARK)}."
        ],
    }
    assert Appearance.objects.count() == 0
    taken = re.findall('data-field="(\\w+)" data-shade="(#\\w+)"', refused.content.decode())
    assert save(analyst, acme, **dict(taken)).status_code == 302


def test_a_contrast_is_never_rounded_up_to_the_one_that_it_takes(analyst, acme):
    almost = "#777777"  # 4.478 on white
    assert "4.3:1, hard to read" in errors(save(analyst, acme, accent=almost))["accent"][0]
    assert Appearance.objects.count() == 0


@pytest.mark.parametrize(
    "wrong", ["red", "#12345", "#8c1d18;}", "url(x)", "javascript:alert(1)", "#８c1d18", "</style>"]
)
def test_what_is_no_colour_is_refused(analyst, acme, wrong):
    said = errors(save(analyst, acme, accent=wrong, accent_dark=wrong))
    assert set(said) == {"accent", "accent_dark"}
    assert Appearance.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    ["javascript:alert(1)", "http://reviews.example", "data:text/html,x", "ftp://x.example"],
)
def test_a_review_link_is_https_or_refused(analyst, acme, wrong):
    assert list(errors(save(analyst, acme, review_url=wrong))) == ["review_url"]
    assert save(analyst, acme, review_url="https://reviews.example/acme").status_code == 302
    assert Appearance.objects.get().review_url == "https://reviews.example/acme"


@pytest.mark.parametrize(
    "wrong",
    [
        "http://help.example.org", "https://help.example.org/page", "https://*.example.org", "help.example.org",
        "https://help.example.org; script-src *", "https://help.example.org,https://x.example", "https://a@b.example",
        "'self'", "*", "javascript:alert(1)", "https://hélp.example", "https://help.example.org:99999", "https://",
        "https://help.example.org?x", "https://help.example.org#x", "https://[::1",
    ],
)  # fmt: skip
def test_an_origin_is_plain_https_or_refused(analyst, acme, wrong):
    assert list(errors(save(analyst, acme, embed_origins=wrong))) == ["embed_origins"]
    assert Appearance.objects.count() == 0


def test_origins_are_kept_one_a_line_as_browsers_write_them(analyst, acme):
    given = "https://Help.Example.org/\r\n\r\nhttps://shop.example:8443 https://help.example.org"
    assert save(analyst, acme, embed_origins=given).status_code == 302
    assert Appearance.objects.get().origins == ["https://help.example.org", "https://shop.example:8443"]


def test_a_logo_is_uploaded_kept_by_a_further_save_replaced_and_removed(analyst, acme):
    upload = lambda colour: SimpleUploadedFile("../../<b>logo.svg", file_of(draw(colour)), "image/svg+xml")  # noqa: E731
    assert save(analyst, acme, logo_file=upload("navy")).status_code == 302
    first = Appearance.objects.get()
    assert (bytes(first.logo[:4]), first.logo_plate, first.logo_width, first.logo_height) == (b"RIFF", "light", 384, 96)
    save(analyst, acme, typeface="serif")
    assert Appearance.objects.get().logo_hash == first.logo_hash
    save(analyst, acme, logo_file=upload("white"))
    assert (Appearance.objects.get().logo_hash == first.logo_hash, Appearance.objects.get().logo_plate) == (
        False,
        "dark",
    )
    save(analyst, acme, logo_removed="on")
    bare = Appearance.objects.get()
    assert (bare.logo, bare.logo_hash, bare.logo_width, bare.logo_plate) == (None, "", None, "")


def test_an_upload_that_is_no_picture_is_refused_whatever_it_is_called(analyst, acme):
    upload = SimpleUploadedFile("logo.png", SVG, "image/png")
    said = errors(save(analyst, acme, logo_file=upload))
    assert said == {"logo_file": ["This is no picture that we can read. A logo is a PNG, JPEG or WebP file."]}
    large = SimpleUploadedFile("logo.png", bytes(3 * 1024 * 1024), "image/png")
    assert errors(save(analyst, acme, logo_file=large)) == {
        "logo_file": ["This file is too large. A logo may have 2 MB."]
    }
    assert Appearance.objects.count() == 0


def framers(page):
    return re.search("frame-ancestors ([^;]+)", page["Content-Security-Policy"])[1]


SAMPLE = "/admin/surveys/appearance/sample/"


def test_the_sample_shows_what_is_not_saved_yet_and_only_we_may_frame_it(analyst, acme):
    row = set_logo(acme, draw("navy"), accent="#155e5c")
    page = analyst.get(SAMPLE, {"client": acme.pk, "accent": "#8C1D18", "typeface": "serif", "only": "dark"})
    said = page.content.decode()
    assert f'href="{sheet(Wish("#8c1d18", "", "serif", only="dark")).path}"' in said
    assert f"/look/acme/{row.logo_hash}.webp" in said
    assert (page["X-Frame-Options"], "frame-ancestors 'self'" in page["Content-Security-Policy"]) == (
        "SAMEORIGIN",
        True,
    )
    row.refresh_from_db()
    assert row.accent == "#155e5c"
    form = analyst.get(f"/admin/surveys/appearance/{row.pk}/change/")
    assert (form["X-Frame-Options"], framers(form)) == ("DENY", "'none'")


def test_the_sample_and_its_figures_survive_any_values(analyst, acme):
    values = {"client": acme.pk, "accent": "};alert(1)", "accent_dark": "<b>", "typeface": "x", "only": "y"}
    sample = analyst.get(SAMPLE, values)
    assert f'href="{sheet(Wish()).path}"' in sample.content.decode()
    shown = analyst.get("/admin/surveys/appearance/figures/", values).content.decode()
    assert "Our own colours" in shown
    assert "<b>" not in shown


def test_figures_say_in_words_how_well_a_colour_can_be_read(analyst):
    shown = analyst.get("/admin/surveys/appearance/figures/", {"accent": "#8c1d18"}).content.decode()
    assert re.findall("<li>([^<]+)", shown) == [
        "On light ground, #8c1d18 has a contrast of 8.8:1, very easy to read.",
        "On dark ground, #ec938e has a contrast of 7.1:1, very easy to read.",
    ]


def test_what_belongs_to_globex_is_no_sample_of_an_analyst_of_acme(analyst, globex):
    foreign = set_logo(globex, draw("navy"))
    assert analyst.get(SAMPLE, {"client": globex.pk}).status_code == 404
    assert analyst.get(SAMPLE, {"client": "99999999"}).status_code == 404
    save(analyst, globex, accent="#8c1d18")
    foreign.refresh_from_db()
    assert foreign.accent == ""


@pytest.mark.parametrize("path", [SAMPLE, "/admin/surveys/appearance/figures/"])
def test_those_who_do_not_analyse_see_no_sample(client, acme, path):
    login = factories.make_login("viewer")
    factories.give_access(login, acme, "viewer")
    client.force_login(login)
    assert client.get(path).status_code == 403
    client.logout()
    assert client.get(path).status_code == 302


def test_a_clients_page_leads_to_its_appearance(analyst, acme):
    page = f"/admin/surveys/client/{acme.pk}/change/"
    assert f"/admin/surveys/appearance/add/?client={acme.pk}" in analyst.get(page).content.decode()
    row = Appearance.objects.create(client=acme)
    assert f"/admin/surveys/appearance/{row.pk}/change/" in analyst.get(page).content.decode()
