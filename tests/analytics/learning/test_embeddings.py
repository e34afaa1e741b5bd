"""Sentence models from a local directory: read as they were meant, used where they measure better, missed by nobody.

The vectors are a real small model's, which the package wordllama carries; the network around them is built here.
"""

import json
import shutil
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from scipy import sparse

from analytics import readers
from analytics.learning import Example, Model, embeddings, train
from analytics.learning.features import beside
from analytics.learning.model import MissingEmbeddings
from analytics.models import ThemeModel
from tests.factories import NOW

NEEDED = ("tokenizers", "onnxruntime", "onnx", "wordllama")
missing = [name for name in NEEDED if find_spec(name) is None]
needs_a_model = pytest.mark.skipif(bool(missing), reason=f"pip install '.[embeddings-dev]' brings {', '.join(missing)}")
SOME = ["My card was stolen!", "Someone took my credit card.", "The pizza was cold.", "Pizza", ""]


@pytest.fixture
def static(tmp_path) -> Path:
    """A directory as model2vec writes it."""
    [package] = find_spec("wordllama").submodule_search_locations
    (directory := tmp_path / "static").mkdir()
    shutil.copy(Path(package, "weights", "l2_supercat_256.safetensors"), directory / "model.safetensors")
    shutil.copy(Path(package, "tokenizers", "l2_supercat_tokenizer_config.json"), directory / "tokenizer.json")
    return directory


@pytest.fixture
def network(tmp_path, static) -> Path:
    """A directory as sentence-transformers exports it: the same vectors as the last layer of a network."""
    (directory := tmp_path / "network").mkdir()
    for folder in ("onnx", "1_Pooling"):
        (directory / folder).mkdir()
    shutil.copy(static / "tokenizer.json", directory)
    pooled_by(directory, "pooling_mode_mean_tokens")
    save_lookup(embeddings.load(static)._table, directory / "onnx" / "model.onnx")
    return directory


def pooled_by(directory: Path, mode: str) -> None:
    (directory / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 256, "pooling_mode_mean_tokens": False, mode: True})
    )


def save_lookup(table: np.ndarray, file: Path) -> None:
    """A network of one layer that gives each token its vector."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["texts", "tokens"])
        for name in ("input_ids", "attention_mask")
    )
    layer = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["texts", "tokens", table.shape[1]])
    look_up = helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])
    tensor = numpy_helper.from_array(np.array(table, np.float32), "table")
    graph = helper.make_graph([look_up], "lookup", [ids, mask], [layer], [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    checker.check_model(model)
    save(model, file)


def alike(vectors: np.ndarray) -> np.ndarray:
    return vectors @ vectors.T


# --- What the vectors are -------------------------------------------------------------------------------------------


@needs_a_model
def test_texts_of_one_meaning_lie_near_each_other_and_no_words_lie_nowhere(static):
    vectors = embeddings.load(static)(SOME)
    assert (vectors.shape, vectors.dtype) == ((5, 256), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1, 1, 0], abs=1e-5)
    near = alike(vectors)
    assert near[0, 1] > 0.4 > 0.2 > near[0, 2]
    assert near[2, 3] > 0.4 > 0.2 > near[1, 3]


@needs_a_model
def test_a_network_gives_the_vectors_of_the_table_that_it_looks_up(static, network):
    """Its tokenizer frames each text by a first token, which the table's does not: the mean shifts by that one."""
    table, tokenizer = embeddings.load(static)._table, embeddings.load(network)._tokenizer
    for text, vector in zip(SOME, embeddings.load(network)(SOME), strict=True):
        tokens = tokenizer.encode(embeddings.own_words(text)).ids
        mean = np.array(table[tokens], np.float32).mean(axis=0)
        assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-4)


@needs_a_model
def test_the_first_token_alone_counts_where_the_directory_says_so(static, network):
    pooled_by(network, "pooling_mode_cls_token")
    table, tokenizer = embeddings.load(static)._table, embeddings.load(network)._tokenizer
    first = [tokenizer.encode(embeddings.own_words(text)).ids[0] for text in SOME]
    vectors = np.array(table[first], np.float32)
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.abs(embeddings.load(network)(SOME) - expected).max() < 1e-4


@needs_a_model
@pytest.mark.parametrize("layout", ["static", "network"])
def test_a_text_has_one_vector_in_any_company(layout, request):
    embed = embeddings.load(request.getfixturevalue(layout))
    crowd = [*SOME, *(f"number {'one ' * size}" for size in range(70))]
    together = embed(crowd)
    assert np.abs(together - np.vstack([embed([text]) for text in crowd])).max() < 1e-5
    assert embed([]).shape == (0, 256)


@needs_a_model
@pytest.mark.parametrize("layout", ["static", "network"])
def test_what_a_customer_quotes_and_what_comes_after_the_limit_change_nothing(layout, request):
    directory = request.getfixturevalue(layout)
    (directory / "sentence_bert_config.json").write_text('{"max_seq_length": 64}')
    embed = embeddings.load(directory)
    quoting, plain, long, longer = embed(
        [
            "> the card was stolen\n" * 99 + "Pizza",
            "Pizza",
            "cold pizza " * 5_000,
            "cold pizza " * 5_000 + "stolen card",
        ]
    )
    assert quoting == pytest.approx(plain, abs=1e-6)
    assert longer == pytest.approx(long, abs=1e-6)


@needs_a_model
@pytest.mark.parametrize("layout", ["static", "network"])
@pytest.mark.parametrize("text", ["x" * 50_000, "😀" * 10_000, "".join(">" * n + " a\n" for n in range(100))])
def test_monstrous_texts_take_less_than_a_second(layout, text, request):
    embed = embeddings.load(request.getfixturevalue(layout))
    began = time.process_time()
    embed([text])
    assert time.process_time() - began < 1


def test_of_two_embeddings_neither_outweighs_the_other():
    loud, low = np.full((2, 4), 7.0), np.array([[0.3], [0.0]])
    joined = beside(sparse.csr_matrix((2, 0)), loud, low)
    assert joined.toarray() == pytest.approx(np.array([[0.5] * 4 + [1], [0.5] * 4 + [0]]))


# --- What is learnt from them ---------------------------------------------------------------------------------------

ANIMALS = ["dog", "cat", "horse", "cow", "pig", "sheep", "wolf", "bear", "duck", "mouse"]
VEHICLES = ["car", "truck", "bus", "train", "plane", "boat", "bike", "tram", "van", "jeep"]
OTHER_ANIMALS = ["tiger", "goat", "rabbit", "lion", "elephant", "monkey", "dolphin", "eagle", "donkey", "parrot"]
OTHER_VEHICLES = [
    "lorry",
    "ship",
    "taxi",
    "helicopter",
    "aircraft",
    "motorcycle",
    "ferry",
    "scooter",
    "tractor",
    "yacht",
]
KNOWN = dict.fromkeys(ANIMALS, "animal") | dict.fromkeys(VEHICLES, "vehicle")
STRANGERS = dict.fromkeys(OTHER_ANIMALS, "animal") | dict.fromkeys(OTHER_VEHICLES, "vehicle")


def learned(embeds) -> Model:
    return train([Example(word, {key: 0}) for word, key in KNOWN.items()], "en", embeds=embeds)


def table(words: dict[str, str]) -> str:
    return "\n".join(["text\tlabels", *map("\t".join, words.items())])


@needs_a_model
def test_a_stored_model_reads_the_same_with_its_embedding_and_not_without(static):
    at_hand = embeddings.named(static, "en")
    model = learned(at_hand)
    assert model.embeds == at_hand
    again = Model.from_bytes(model.to_bytes(), at_hand)
    assert np.abs(again.probabilities(SOME) - model.probabilities(SOME)).max() < 0.02
    with pytest.raises(MissingEmbeddings, match=embeddings.fingerprint(static)):
        Model.from_bytes(model.to_bytes(), {"another": at_hand.popitem()[1]})


@needs_a_model
def test_another_file_under_the_same_name_has_another_fingerprint(static):
    before = embeddings.fingerprint(static)
    embeddings.fingerprint.cache_clear()
    assert embeddings.fingerprint(static) == before
    weights = bytearray((static / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (static / "model.safetensors").write_bytes(weights)
    embeddings.fingerprint.cache_clear()
    assert embeddings.fingerprint(static) != before


@needs_a_model
def test_the_pooling_belongs_to_the_fingerprint(network):
    before = embeddings.fingerprint(network)
    pooled_by(network, "pooling_mode_cls_token")
    embeddings.fingerprint.cache_clear()
    assert embeddings.fingerprint(network) != before


@needs_a_model
def test_a_language_with_a_folder_of_its_own_has_its_own_model(static):
    assert embeddings.for_language(static, "de") == static
    shutil.move(static, static.parent / "en")
    root = static.parent
    assert (embeddings.for_language(root, "en"), embeddings.for_language(root, "de")) == (root / "en", None)
    [(name, embed)] = embeddings.named(root, "en").items()
    assert name == embeddings.fingerprint(root / "en")
    assert (embed(SOME) == embeddings.load(root / "en")(SOME)).all()
    assert embeddings.named(root, "de") == {}


@needs_a_model
def test_words_that_no_example_contains_are_understood_by_their_meaning(capsys, static, tmp_path):
    (tmp_path / "a.tsv").write_text(table(KNOWN), "utf-8")
    (tmp_path / "b.tsv").write_text(table(STRANGERS), "utf-8")
    given = ("--train", tmp_path / "a.tsv", "--test", tmp_path / "b.tsv", "--single", "--json", "--language", "en")

    def accuracy(*more) -> float:
        call_command("evaluate_themes", *given, *more)
        return json.loads(capsys.readouterr().out)["accuracy"]

    assert accuracy("--embeddings", static) >= accuracy() + 0.2
    with pytest.raises(CommandError, match="There is no directory"):
        accuracy("--embeddings", tmp_path / "nowhere")


# --- Whose embedding is gone, or is another one by now, does not read --------------------------------------------


@pytest.fixture
def in_use(acme, static, settings) -> ThemeModel:
    """A version that was trained with the embedding of the setting."""
    settings.EMBEDDINGS_DIR = static
    row = ThemeModel(
        client=acme, language="en", number=1, state="active", trained_at=NOW, label_count=20, held_out_count=0
    )
    row.data = learned(readers.embeds("en")).to_bytes()
    row.signature = readers.sign(row)
    row.save()
    return row


def in_the_next_process() -> None:
    for kept in (readers._opened, embeddings.load, embeddings.fingerprint):
        kept.cache_clear()


@needs_a_model
def test_a_version_reads_with_the_embedding_that_it_was_trained_with(in_use, acme, static):
    in_the_next_process()
    reader = readers.reader_for(acme, "en")
    assert (reader.source, *reader.model.embeds) == ("model", embeddings.fingerprint(static))
    assert reader.judge(["dog"])[0].outcome == "themes"


def without_the_setting(settings, static):
    settings.EMBEDDINGS_DIR = None


def without_the_directory(settings, static):
    shutil.rmtree(static)


def with_another_one(settings, static):
    weights = bytearray((static / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (static / "model.safetensors").write_bytes(weights)


@needs_a_model
@pytest.mark.parametrize("change", [without_the_setting, without_the_directory, with_another_one])
def test_without_it_the_rules_read_and_the_log_says_why(in_use, acme, settings, static, change, caplog):
    name = embeddings.fingerprint(static)
    change(settings, static)
    in_the_next_process()
    assert readers.reader_for(acme, "en").source == "rules"
    assert f"model acme-en-1: it was trained with embeddings that are not at hand: {name}" in caplog.text
    with pytest.raises(readers.UnusableModel):
        readers.reader_of(in_use)


# --- What cannot be used is said at boot ----------------------------------------------------------------------------


def complaints() -> list[str]:
    return [error.msg for error in run_checks() if error.id == "analytics.E001"]


def test_without_the_setting_nothing_is_missed(settings):
    assert settings.EMBEDDINGS_DIR is None
    assert complaints() == []


def test_a_directory_that_is_not_there_or_lacks_a_file_is_named_with_its_mend(settings, tmp_path):
    settings.EMBEDDINGS_DIR = tmp_path / "models"
    assert complaints() == [
        f"EMBEDDINGS_DIR: There is no directory {tmp_path}/models. Name the one that holds the model."
    ]
    settings.EMBEDDINGS_DIR.mkdir()
    assert "holds no model. It needs onnx/model.onnx, model.onnx or model.safetensors." in complaints()[0]
    (settings.EMBEDDINGS_DIR / "model.onnx").touch()
    assert "holds no tokenizer.json." in complaints()[0]


def test_a_library_that_is_not_installed_is_named_with_the_command_that_brings_it(settings, tmp_path, monkeypatch):
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).touch()
    settings.EMBEDDINGS_DIR = tmp_path
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    [said] = complaints()
    assert said.endswith("needs the library tokenizers. Install it: pip install 'nachklang[embeddings]'")


@needs_a_model
def test_a_usable_directory_passes_and_a_folder_of_a_language_is_looked_at_too(settings, static):
    settings.EMBEDDINGS_DIR = static
    assert complaints() == []
    (static / "de").mkdir()
    assert [said.split(". ")[0] for said in complaints()] == [f"EMBEDDINGS_DIR: {static}/de holds no model"]


@needs_a_model
def test_pooling_that_we_do_not_know_and_broken_settings_are_refused(settings, network):
    settings.EMBEDDINGS_DIR = network
    pooled_by(network, "pooling_mode_max_tokens")
    assert "pooling_mode_max_tokens" in complaints()[0]
    (network / "1_Pooling" / "config.json").write_text("{")
    assert "is not valid JSON" in complaints()[0]


@needs_a_model
@pytest.mark.parametrize(
    ("layout", "file"),
    [("static", "model.safetensors"), ("static", "tokenizer.json"), ("network", "onnx/model.onnx")],
)
def test_files_that_are_not_what_they_seem_are_refused_on_loading(layout, file, request):
    directory = request.getfixturevalue(layout)
    (directory / file).write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    embeddings.load.cache_clear()
    with pytest.raises(embeddings.UnusableEmbeddings, match="Save the model there again"):
        embeddings.load(directory)
