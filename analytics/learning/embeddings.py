"""Texts as vectors by a sentence model that lies in a local directory; nothing is ever fetched.

Two layouts, known by their files: a network in ONNX (`onnx/model.onnx` or `model.onnx`, as sentence-transformers
exports it), and a static table of one vector per token (`model.safetensors`, as model2vec writes it). Both with
`tokenizer.json`. The libraries that read them are an optional extra and imported on loading.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from django.utils.translation import gettext as _

from analytics.learning.features import own_words
from analytics.learning.model import Embed, MissingEmbeddings

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

EXTRA = "pip install 'nachklang[embeddings]'"
NETWORKS = ("onnx/model.onnx", "model.onnx")
TABLE, TOKENIZER = "model.safetensors", "tokenizer.json"
TABLE_NAMES = ("embeddings", "embedding.weight")
NUMBERS = {"F16": np.float16, "F32": np.float32}
POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
MOST_TOKENS = 512  # of a text, where the directory names no limit, or a higher one
LETTERS_A_TOKEN = 8  # so many characters are read for each token that can be: bounds the tokenizer's time
BATCH = 32  # texts through the network at a time
FINGERPRINT = 16  # hexadecimal digits


class UnusableEmbeddings(MissingEmbeddings):
    """The directory or the libraries cannot be used. The message names the mend."""


class Files(NamedTuple):
    """What a directory holds; `network` and `table` are alternatives."""

    tokenizer: Path
    network: Path | None
    table: Path | None

    @property
    def weights(self) -> Path:
        return self.network or self.table


def for_language(root: Path, language: str) -> Path | None:
    """Where a language's model lies: in the folder of its name (`root/de`), else in `root`; None: it has none."""
    if (own := root / language).is_dir():
        return own
    return root if (root / TOKENIZER).is_file() else None


def check_all(root: Path, languages: Sequence[str]) -> None:
    """That every language's model, or the one of all, can be used as far as the small files tell."""
    own = [root / language for language in languages if (root / language).is_dir()]
    for directory in own if own and not (root / TOKENIZER).is_file() else [root, *own]:
        check(directory)


def check(directory: Path) -> Files:
    """The files of a directory that `load` can use, as far as the small ones tell; else UnusableEmbeddings."""
    if not directory.is_dir():
        raise UnusableEmbeddings(
            _("There is no directory %(place)s. Name the one that holds the model.") % {"place": directory}
        )
    network = next((directory / name for name in NETWORKS if (directory / name).is_file()), None)
    table = directory / TABLE if (directory / TABLE).is_file() else None
    if network is None and table is None:
        raise UnusableEmbeddings(
            _("%(place)s holds no model. It needs onnx/model.onnx, model.onnx or model.safetensors.")
            % {"place": directory}
        )
    if not (directory / TOKENIZER).is_file():
        raise UnusableEmbeddings(
            _("%(place)s holds no tokenizer.json. Save the model’s fast tokenizer there.") % {"place": directory}
        )
    for library in ("tokenizers", *(["onnxruntime"] if network else [])):
        if find_spec(library) is None:
            raise UnusableEmbeddings(
                _("%(place)s needs the library %(library)s. Install it: %(command)s")
                % {"place": directory, "library": library, "command": EXTRA}
            )
    if network:
        _pooling(directory), _most_tokens(directory)  # says what is wrong with them
        return Files(directory / TOKENIZER, network, None)
    return Files(directory / TOKENIZER, None, table)


def named(root: Path, language: str) -> dict[str, Embed]:
    """The vectors of a language by their fingerprint, under which a model remembers them; {} where it has none.

    The directory is read when the first texts come. UnusableEmbeddings as in `check`.
    """
    directory = for_language(root, language)
    return {} if directory is None else {fingerprint(directory): partial(_embedded, directory)}


@lru_cache(maxsize=4)
def fingerprint(directory: Path) -> str:
    """SHA-256, shortened, over all that makes the vectors what they are. UnusableEmbeddings as in `check`."""
    files = check(directory)
    parts = [f"{_pooling(directory)} {_most_tokens(directory)}"] if files.network else []
    for file in (files.tokenizer, files.weights):
        with file.open("rb") as content:
            parts.append(hashlib.file_digest(content, "sha256").hexdigest())
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:FINGERPRINT]


@lru_cache(maxsize=4)
def load(directory: Path) -> Embed:
    """The model as a function from texts to an array of float32: a row of length one each, of zeros for no words.

    It keeps to one core. UnusableEmbeddings where the files are not what they seem.
    """
    files = check(directory)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # one core; and its threads do not survive a worker's fork
    try:
        embed = _opened(directory, files)
        embed([TOKENIZER])  # any text: what does not fit together shows now, rather than in the midst of reading
        return embed
    except Exception as error:  # each library raises its own, down to bare Exception
        raise UnusableEmbeddings(
            _("%(place)s cannot be read (%(error)s). Save the model there again.")
            % {"place": directory, "error": error}
        ) from error


def _opened(directory: Path, files: Files) -> Embed:
    if files.table:
        return _Static(_tokenizer(files.tokenizer, MOST_TOKENS), _table(files.table))
    tokenizer = _tokenizer(files.tokenizer, _most_tokens(directory))
    return _Network(tokenizer, _session(files.network), _pooling(directory))


def _embedded(directory: Path, texts: Sequence[str]) -> np.ndarray:
    return load(directory)(texts)


class _Static:
    """The mean of the vectors of a text's tokens."""

    def __init__(self, tokenizer: "Tokenizer", table: np.ndarray):
        self._tokenizer, self._table = tokenizer, table
        self._unknown = _id_of_unknown(tokenizer)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self._table.shape[1]), np.float32)
        for place, found in enumerate(_encoded(self._tokenizer, texts, add_special_tokens=False)):
            tokens = [token for token in found.ids if token != self._unknown]
            if tokens:
                vectors[place] = self._table[tokens].mean(axis=0, dtype=np.float32)
        return _of_length_one(vectors)


class _Network:
    """A transformer's last layer, its tokens averaged or the first one taken; or the vector it gives by itself."""

    def __init__(self, tokenizer: "Tokenizer", session: "InferenceSession", pooling: str):
        self._tokenizer, self._session, self._pooling = tokenizer, session, pooling
        self._inputs = {given.name for given in session.get_inputs()}
        names = [given.name for given in session.get_outputs()]
        self._output = "sentence_embedding" if "sentence_embedding" in names else names[0]
        self._padding = (tokenizer.padding or {}).get("pad_id", 0)
        tokenizer.no_padding()  # to the longest of a batch, rather than to a fixed length

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        tokens = [found.ids for found in _encoded(self._tokenizer, texts)]
        order = sorted(range(len(texts)), key=lambda place: len(tokens[place]))  # alike in length: little padding
        vectors: dict[int, np.ndarray] = {}
        for places in _batches(order):
            vectors |= zip(places, self._pooled([tokens[place] for place in places]), strict=True)
        width = len(vectors[0]) if vectors else self._session.get_outputs()[0].shape[-1]
        return _of_length_one(np.array([vectors[place] for place in range(len(texts))]).reshape(-1, width))

    def _pooled(self, tokens: Sequence[Sequence[int]]) -> np.ndarray:
        longest = max(map(len, tokens))
        mask = np.array([[1] * len(line) + [0] * (longest - len(line)) for line in tokens], np.int64)
        ids = np.array([[*line, *[self._padding] * (longest - len(line))] for line in tokens], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        inputs = {name: value for name, value in given.items() if name in self._inputs}
        (layer,) = self._session.run([self._output], inputs)
        if layer.ndim == 2:
            return layer
        if self._pooling == "cls":
            return layer[:, 0]
        return (layer * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)[:, None]


def _encoded(tokenizer: "Tokenizer", texts: Sequence[str], **options) -> list:
    """The customer's own words as tokens; what they quote is not read, nor what no token would be left for."""
    letters = tokenizer.truncation["max_length"] * LETTERS_A_TOKEN
    said = [" ".join(own_words(text).split())[:letters] for text in texts]
    return tokenizer.encode_batch(said, **options)


def _batches(order: Sequence[int]) -> Iterator[Sequence[int]]:
    return (order[start : start + BATCH] for start in range(0, len(order), BATCH))


def _of_length_one(vectors: np.ndarray) -> np.ndarray:
    length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return (vectors / length).astype(np.float32)


def _tokenizer(file: Path, most_tokens: int) -> "Tokenizer":
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.enable_truncation(most_tokens)
    return tokenizer


def _id_of_unknown(tokenizer: "Tokenizer") -> int | None:
    unknown = json.loads(tokenizer.to_str())["model"].get("unk_token")
    return tokenizer.token_to_id(unknown) if unknown else None


def _session(file: Path) -> "InferenceSession":
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _table(file: Path) -> np.ndarray:
    """The table of a safetensors file, left on the disk: eight bytes of length, a JSON header, bare numbers."""
    with file.open("rb") as content:
        start = 8 + int.from_bytes(content.read(8), "little")
        header = json.loads(content.read(start - 8))
    named = [name for name in TABLE_NAMES if name in header]
    if not named:
        raise ValueError(f"no table of the name {' or '.join(TABLE_NAMES)}")
    tensor = header[named[0]]
    offset = start + tensor["data_offsets"][0]
    return np.memmap(file, NUMBERS[tensor["dtype"]], "r", offset, tuple(tensor["shape"]))


def _pooling(directory: Path) -> str:
    """How the directory says that tokens become one vector; the mean where it says nothing."""
    chosen = [name for name, is_on in _settings(directory / "1_Pooling" / "config.json").items() if is_on is True]
    modes = [name for name in chosen if name.startswith("pooling_mode")]
    if not modes:
        return "mean"
    if len(modes) > 1 or modes[0] not in POOLINGS:
        raise UnusableEmbeddings(
            _("%(place)s makes its vectors by %(how)s. Take a model that does so by mean or cls tokens.")
            % {"place": directory, "how": ", ".join(modes)}
        )
    return POOLINGS[modes[0]]


def _most_tokens(directory: Path) -> int:
    named = _settings(directory / "sentence_bert_config.json").get("max_seq_length")
    named = named or _settings(directory / "tokenizer_config.json").get("model_max_length")
    return min(int(named or MOST_TOKENS), MOST_TOKENS)


def _settings(file: Path) -> dict:
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UnusableEmbeddings(
            _("%(place)s is not valid JSON. Save the model there again.") % {"place": file}
        ) from error
