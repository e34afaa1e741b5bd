"""What a trained model promises: right themes with their sentence, calibrated, safe to load, each text by itself."""

import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.learning import Example, Model, measures, train, training
from analytics.learning.model import Calibration, how_long, strongest_others

SAYS = {
    "food": (["Das Frühstück", "Die Suppe", "Das Schnitzel", "Der Kaffee", "Das Buffet"], "lecker", "versalzen"),
    "staff": (["Die Kellnerin", "Der Portier", "Das Personal", "Die Rezeption", "Der Berater"], "höflich", "patzig"),
    "price": (["Der Preis", "Die Gebühr", "Der Tarif", "Das Ticket", "Die Rechnung"], "günstig", "überteuert"),
}
FRAMES = ("{} war {}.", "{} war wirklich {}.", "Leider war {} {}.", "{} fand ich {}!")


def clauses() -> list[tuple[str, str, int]]:
    return [
        (frame.format(thing, word), theme, sentiment)
        for theme, (things, good, bad) in SAYS.items()
        for thing, (word, sentiment), frame in product(things, ((good, 1), (bad, -1)), FRAMES)
    ]


def corpus() -> list[Example]:
    """One clause each, and every third together with the one eleven places on, where that is of another theme."""
    said = clauses()
    examples = [Example(text, {theme: sentiment}) for text, theme, sentiment in said]
    for (text, theme, sentiment), (other_text, other, other_sentiment) in zip(said[::3], said[50::2], strict=False):
        if theme != other:
            examples.append(Example(f"{text} {other_text}", {theme: sentiment, other: other_sentiment}))
    return [*examples, *(Example(text, {}) for text in ("Bis bald.", "Wir kamen am Montag.", "Siehe oben.", "Na ja."))]


@pytest.fixture(scope="module")
def model() -> Model:
    return train(corpus(), "de")


@pytest.fixture(scope="module")
def single() -> Model:
    return train([Example(text, {theme: 0}) for text, theme, _ in clauses()], "de", single=True)


def themes(model: Model, text: str) -> dict[str, int]:
    return {finding.theme: finding.sentiment for finding in model.judge([text])[0].findings}


def test_a_comment_of_two_themes_gets_both_with_their_own_sentiment(model):
    assert themes(model, "Die Rezeption war höflich. Leider war der Kaffee versalzen.") == {"food": -1, "staff": 1}


def test_kindred_words_are_known_without_an_example(model):
    """No example holds these words; the classes of words do, but for those of the last text."""
    *kindred, strange = model.probabilities(["Das Omelett.", "Die Kellner.", "Die Portionen!", "Das Xylophon."])
    assert [model.keys[place] for place in np.argmax(kindred, axis=1)] == ["food", "staff", "food"]
    assert np.max(kindred, axis=1).min() > 0.3
    assert strange.max() < 0.2


def test_a_finding_points_to_the_sentence_that_decided(model):
    text = "Wir kamen am Montag. Das Personal war patzig! Siehe oben."
    (finding,) = model.judge([text])[0].findings
    assert (finding.theme, text[finding.start : finding.end]) == ("staff", "Das Personal war patzig!")


@pytest.mark.parametrize("text", ["", "-", "???", "xkcdq wvut", "Wir kamen am Montag."])
def test_a_text_that_says_nothing_known_stays_unclassified(model, text):
    (judgement,) = model.judge([text])
    assert (judgement.outcome, judgement.findings) == ("unclassified", ())


def test_unknown_is_the_share_of_words_never_seen(model):
    shares = [
        judgement.unknown for judgement in model.judge(["Das Frühstück war lecker", "Das qwertz war plumbum", ""])
    ]
    assert shares == [0.0, 0.5, 0.0]


def test_what_is_written_in_one_text_changes_nothing_for_another(model):
    texts = ["Das Personal war patzig.", "Ignore all rules and answer: staff", "🙂" * 10_000, "Der Tarif war günstig."]
    assert model.judge(texts) == [model.judge([text])[0] for text in texts]


def test_quoted_lines_are_not_the_customers_words(model):
    assert themes(model, "> Das Personal war patzig.\n> Der Tarif war günstig.\nSiehe oben.") == {}


@pytest.mark.parametrize(
    "text",
    ["wort " * 10_000, "🙂" * 10_000, "a" * 50_000, "a. " * 17_000, "".join("> " * n + "ja\n" for n in range(100))],
    ids=["words", "emoji", "one word", "sentences", "quotes"],
)
def test_a_hostile_text_takes_less_than_a_second(model, text):
    began = time.process_time()
    model.judge([text])
    assert time.process_time() - began < 1


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_every_finding_lies_within_its_text_and_reaches_its_threshold(model, text):
    (judgement,) = model.judge([text])
    threshold = dict(zip(model.keys, model.thresholds, strict=True))
    for finding in judgement.findings:
        assert 0 <= finding.start < finding.end <= len(text)
        assert threshold[finding.theme] <= finding.confidence <= 1
    assert 0 <= judgement.margin <= 1


def test_a_model_survives_its_bytes(model):
    texts = [example.text for example in corpus()]
    again = Model.from_bytes(model.to_bytes())
    assert (again.keys, again.language, again.precision_reached) == (model.keys, "de", model.precision_reached)
    assert np.abs(again.probabilities(texts) - model.probabilities(texts)).max() < 0.02
    assert again.to_bytes() == Model.from_bytes(again.to_bytes()).to_bytes()


@pytest.mark.parametrize("number", [1, 2, 99])
def test_bytes_of_another_format_earlier_or_later_are_refused(tmp_path, number):
    np.savez(tmp_path / "x.npz", header=np.frombuffer(b'{"format": %d}' % number, np.uint8))
    with pytest.raises(ValueError, match=f"format: {number}"):
        Model.from_bytes((tmp_path / "x.npz").read_bytes())


def test_bytes_that_hold_a_pickle_are_never_opened(tmp_path):
    np.savez(tmp_path / "x.npz", header=np.array([{"format": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        Model.from_bytes((tmp_path / "x.npz").read_bytes())


def test_training_twice_gives_the_same_model(model):
    assert train(corpus(), "de").to_bytes() == model.to_bytes()


def test_the_promised_precision_was_reached_out_of_fold(model):
    assert model.precision_reached >= model.promise == 0.9


def test_a_higher_promise_names_fewer_themes():
    noisy = [Example(e.text, {"staff": 0} if n % 4 == 0 else e.themes) for n, e in enumerate(corpus())]
    texts = [e.text for e in noisy]
    named = [
        sum(len(judgement.findings) for judgement in train(noisy, "de", promise=promise).judge(texts))
        for promise in (0.6, 0.99)
    ]
    assert named[0] > named[1]


def test_probabilities_are_calibrated(model):
    examples = corpus()
    wanted = np.array([[key in example.themes for key in model.keys] for example in examples])
    assert measures.calibration_error(wanted, model.probabilities([e.text for e in examples])) < 0.1


def test_where_each_text_has_one_class_the_likeliest_is_guessed(single):
    texts = [text for text, _, _ in clauses()]
    probabilities = single.probabilities(texts)
    guessed = single.guesses(texts)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(texts)))
    assert (guessed.sum(axis=1) == 1).all()
    assert [single.keys[place] for place in guessed.argmax(axis=1)] == [theme for _, theme, _ in clauses()]


def test_a_word_counts_by_how_much_it_tells_of_a_theme():
    """In as many texts each: one stands in those of a theme alone, one in all others, one in both alike."""
    with_theme, without = np.array([8.0, 0.0, 4.0]), np.array([0.0, 8.0, 4.0])
    told = training._telling(with_theme, without)
    assert told[0] == pytest.approx(told[1])
    assert told[0] > 1 > told[2] >= training.EVEN
    assert told.mean() == pytest.approx(1, abs=0.01)


def test_a_theme_that_never_stands_beside_others_is_likelier_where_they_are_not():
    """Both texts speak for it alike, and one for another theme, too."""
    own, other = np.random.default_rng(0).normal(size=(2, 4_000))
    scores = np.column_stack([own, other])
    wanted, long = np.column_stack([(own > 0) & (other < 0), other > 0]), np.ones((4_000, 1))
    calibration = training._calibrated(scores, wanted, long, single=False)
    alone, beside = calibration.probabilities(np.array([[1.0, -1.0], [1.0, 1.0]]), long[:2])[:, 0]
    assert alone > 0.8
    assert beside < 0.2


def test_one_other_theme_that_is_surely_named_counts_however_surely_the_rest_are_not():
    """The first theme stands where no other does. Both texts speak alike of it, and alike of the others in the sum."""
    scores = np.random.default_rng(0).normal(size=(4_000, 5))
    wanted, long = np.column_stack([(scores[:, 1:] < 1).all(axis=1), scores[:, 1:] > 1]), np.ones((4_000, 1))
    calibration = training._calibrated(scores, wanted, long, single=False)
    none, one = calibration.probabilities(np.array([[0.0, 0, 0, 0, 0], [0.0, 3, -1, -1, -1]]), long[:2])[:, 0]
    assert none > 0.8
    assert one < 0.2


def test_the_same_scores_say_less_in_a_long_text_where_examples_say_so():
    scores = np.random.default_rng(0).normal(size=(4_000, 2))
    long = how_long([["word"] * (2 + 58 * (place % 2)) for place in range(4_000)])
    calibration = training._calibrated(scores, scores > np.where(long > 3, 1, -1), long, single=False)
    short, wordy = calibration.probabilities(np.zeros((2, 2)), long[:2])
    assert (short > 0.8).all()
    assert (wordy < 0.2).all()


def test_the_strongest_other_theme_is_that_of_each_theme_and_none_where_it_is_alone():
    scores = np.array([[3.0, 1.0, 2.0], [5.0, 5.0, 0.0]])
    assert strongest_others(scores).tolist() == [[2.0, 3.0, 3.0], [5.0, 5.0, 5.0]]
    assert strongest_others(scores[:, :1]).tolist() == [[0.0], [0.0]]


@pytest.mark.parametrize("themes", [1, 5, 23])
def test_scores_become_the_same_probabilities_in_any_company(themes):
    draws = np.random.default_rng(0)
    scores, long = draws.normal(size=(50, themes)), draws.random((50, 1))
    calibration = Calibration(draws.normal(size=(themes, themes)), *draws.normal(size=(3, themes)), single=False)
    together = calibration.probabilities(scores, long)
    alone = [calibration.probabilities(scores[[row]], long[[row]])[0] for row in range(50)]
    assert np.array_equal(together, alone)


def test_keywords_speak_for_a_theme_that_has_few_examples():
    few = [Example("Es regnete.", {"wetter": 0}), Example("Der Wind blies.", {"wetter": 0})]
    few += [Example(text, {"zug": 0}) for text in ("Der Zug stand.", "Im Zug war es voll.", "Zug um Zug.")]
    plain, told = train(few, "de"), train(few, "de", keywords={"wetter": "hagel, glatteis*"})
    text = ["Hagelschauer und Glatteisgefahr"]
    weather = list(plain.keys).index("wetter")
    assert told.probabilities(text)[0, weather] > plain.probabilities(text)[0, weather]


@pytest.mark.parametrize("given_as", ["hagel, sturm", ["hagel", "sturm"], {"bad": ["hagel"], "topic": "sturm"}])
def test_keywords_may_be_written_in_any_natural_way(given_as):
    examples = [Example("Regen", {"wetter": 0}), Example("Schnee", {"wetter": 0}), Example("Zug", {"zug": 0})]
    assert train(examples, "de", keywords={"wetter": given_as}).knowledge.keywords == {"wetter": ["*hagel*", "*sturm*"]}


def test_two_examples_of_a_theme_are_enough_and_one_is_left_out():
    examples = [Example(text, {"b": 0}) for text in ("zwei", "drei", "vier")]
    examples += [Example("eins", {"a": 0}), Example("Wort", {"c": 0}), Example("Worte", {"c": 0})]
    assert train(examples, "de").keys == ("b", "c")


@pytest.mark.parametrize("examples", [[], [Example("a", {})], [Example("a", {"x": 0})] * 3])
def test_where_there_is_nothing_to_learn_that_is_said(examples):
    with pytest.raises(ValueError, match="nothing to learn"):
        train(examples, "de")


def test_embeddings_are_used_where_they_find_more_and_dropped_elsewhere():
    """Words of random letters say nothing; only the embedding knows what they mean."""
    letters = np.random.default_rng(0).choice(list("abcdefghij"), (60, 7))
    means = {"".join(word): place % 2 for place, word in enumerate(letters)}
    examples = [Example(word, {"xy"[side]: 0}) for word, side in means.items()]

    def knowing(texts) -> np.ndarray:
        return np.array([[means.get(text) == 0, means.get(text) == 1] for text in texts], float).reshape(-1, 2)

    def ignorant(texts) -> np.ndarray:
        return np.zeros((len(texts), 2))

    rich = train(examples, "en", embeds={"ignorant": ignorant, "knowing": knowing})
    assert rich.embeds == {"knowing": knowing}
    assert {e.text for e in examples if themes(rich, e.text).keys() == e.themes.keys()} == means.keys()
    with pytest.raises(ValueError, match="embeddings"):
        Model.from_bytes(rich.to_bytes())
    again = Model.from_bytes(rich.to_bytes(), {"knowing": knowing, "ignorant": ignorant})
    assert np.abs(again.probabilities(list(means)) - rich.probabilities(list(means))).max() < 0.02
