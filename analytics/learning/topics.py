"""Emerging topics: which comments that no theme fits speak of the same thing, and in which words.

Comments are compared by words, pairs and parts of words (TF-IDF, so that German compounds resemble what they are made
of), in 100 dimensions (latent semantic analysis: Deerwester et al. 1990, JASIS 41, 391-407), and joined while their
average cosine distance allows (average linkage). It found more withheld topics than HDBSCAN, k-means and Ward did.
Of what joins, the most novel is told: comments that stand among others without a theme, not among those with one.

Pure, deterministic, and bounded: 2,500 comments without a theme and as many with one take two seconds and 200 MB.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .features import own_words

LEAST = 5  # comments of a cluster
MOST = 20  # clusters told
TEXTS = 2_500  # read of either sort
DIMENSIONS = 100
JOINED = 0.5  # cosine distance, on average over the pairs of two groups, up to which they are one
NEIGHBOURS = 15
WORDS = 8
SAID_BY = 3  # members, of a word that is typical: what one person says may be a name
PART = 5  # letters of a word that a longer one may begin or end with: “Punkte” in “Treuepunkte”

_REDACTED = re.compile(r"⟦[^⟦⟧]*⟧")
_WORD = re.compile(r"[^\W\d_]{3,}(?:-[^\W\d_]+)*")
_ENDINGS = {"de": ("ern", "en", "er", "es", "em", "e", "n", "s"), "en": ("ies", "ing", "es", "ed", "s", "y")}
# Function words: in every comment, whatever it is about.
_FUNCTION_WORDS = {
    "de": """
        aber alle allem allen aller alles als also am an ander andere anderen andern anders auch auf aus außer bei beim
        bereits bin bis bisher bist bitte bzw da dabei dadurch dafür dagegen daher damit danach dann daran darauf daraus
        darin darüber darum darunter das dass davon davor dazu dein deine dem den denen denn der deren des deshalb
        dessen dich die dies diese diesem diesen dieser dieses dir doch dort du durch eben ebenso ein eine einem einen
        einer eines einfach einige einigen einmal er erst es etwa etwas euch euer eure für ganz gar gegen gehabt gemacht
        gerade gern gerne getan gewesen gibt hab habe haben habt hat hatte hatten hätte hätten hier hin hinter ich ihm
        ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins ist ja jede jedem jeden jeder jedes jedoch jemand jetzt
        kann kannst kein keine keinem keinen keiner konnte konnten könnte können lassen leider ließ man manche mal mehr
        mein meine meinem meinen meiner mich mir mit muss musste mussten müssen müsste nach nachdem nicht nichts nie
        niemand noch nun nur ob obwohl oder ohne schon sehr sein seine seinem seinen seiner seit seitdem selbst sich sie
        sind so sogar solche soll sollen sollte sollten sondern sonst soviel statt super tun über überhaupt um und uns
        unser unsere unter viel viele vielen vielleicht vom von vor während wann war wäre waren wären warum was weder
        weg wegen weil weiter welche welchem welchen welcher welches wenig wenn wer werde werden weshalb wie wieder
        wieso will wir wird wirklich wo wohl wollen wollte worden wurde wurden würde würden zu zum zur zwar zwischen
        geht ging gehen kommt kam kommen bekommen bekomme bekam gut gute guten schlecht schade danke per dran gleich
        sagt sagte sagen gesagt zwei drei vier fünf sechs sieben acht neun zehn zweimal dreimal""",
    "en": """
        a about above actually after again all almost also although always am an and another any anyone anything are
        aren't around as at away back be because been before being below between both but by can can't cannot could
        couldn't did didn't do does doesn't doing don't done down during each either else even ever every everything few
        for from further get gets getting give given go goes going gone got had hadn't has hasn't have haven't having he
        her here hers him his how however i i'd i'll i'm i've if in instead into is isn't it it's its itself just know
        let like made make many may maybe me might mine more most much must my myself need never no nobody none nor not
        nothing now of off often on once one only or other others our ours out over own please put quite rather really
        said same say see seem she should shouldn't since so some someone something still such take tell than thank
        thanks that that's the their theirs them themselves then there there's these they they're thing things this
        those though through to too tried try trying under until up upon us use used using very want wanted was wasn't
        way we we're we've well went were weren't what what's when where whether which while who whom whose why will
        with within without won't would wouldn't yes yet you you're you've your yours yourself good bad two three four
        five six seven eight nine ten twice""",
}
FUNCTION_WORDS = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}


@dataclass(frozen=True)
class Cluster:
    """Comments that speak of the same thing: their places among the texts, the nearest to their middle first.

    `distances` (cosine, 0 to 2) are from the middle. `novelty`, 0 to 1: how far they stand among their like.
    """

    members: tuple[int, ...]
    distances: tuple[float, ...]
    words: tuple[str, ...]
    novelty: float


def clusters(
    texts: Sequence[str], known: Sequence[str] = (), language: str = "", unsaid: Collection[str] = ()
) -> list[Cluster]:
    """The most novel clusters among `texts`, at most 20, of five texts or more; `known` are texts that have a theme.

    Of both the first 2,500 are read. Typical words are never one of `unsaid` (small letters), nor what was redacted.
    """
    texts, known = texts[:TEXTS], known[:TEXTS]
    points = _points([*texts, *known], language)
    here = points[: len(texts)]
    found = _groups(here)
    novelty = _novelty(points, len(texts)) if found else np.zeros(0)
    newest = sorted(found, key=lambda members: (-novelty[members].mean(), members[0]))[:MOST]
    vocabulary = _Vocabulary([*texts, *known], language, {*unsaid})
    return [_cluster(members, here, float(novelty[members].mean()), vocabulary) for members in newest]


def _plain(text: str) -> str:
    return own_words(_REDACTED.sub(" ", text))


def _points(texts: Sequence[str], language: str) -> np.ndarray:
    """Each text as a direction (length one) in few dimensions; zeros where it shares nothing with any other."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits

    same = {"preprocessor": _plain, "min_df": 2, "sublinear_tf": True, "dtype": np.float32}
    ignored = sorted(FUNCTION_WORDS.get(language, ())) or None
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"[^\W\d_]+(?:'\w+)?", stop_words=ignored, **same)
    parts = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), **same)
    try:
        table = make_union(words, parts).fit_transform(texts)
    except ValueError:  # no word is said twice
        return np.zeros((len(texts), 1), np.float32)
    dimensions = min(DIMENSIONS, *(size - 1 for size in table.shape))
    with threadpool_limits(1):  # this runs beside the pages: one core is enough
        return normalize(TruncatedSVD(max(dimensions, 1), random_state=0).fit_transform(table)).astype(np.float32)


def _groups(points: np.ndarray) -> list[np.ndarray]:
    """The places of those that belong together, group by group, in order of their first."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    places = np.flatnonzero(points.any(axis=1))
    if len(places) < LEAST:
        return []
    joined = fcluster(linkage(pdist(points[places], "cosine"), "average"), JOINED, "distance")
    groups = [places[joined == number] for number in dict.fromkeys(joined)]
    return [group for group in groups if len(group) >= LEAST]


def _novelty(points: np.ndarray, count: int) -> np.ndarray:
    """Of each of the first `count`, the share of its nearest neighbours that are among the first as well."""
    near = points[:count] @ points.T
    near[np.arange(count), np.arange(count)] = -np.inf
    neighbours = min(NEIGHBOURS, len(points) - 1)
    return (np.argpartition(-near, neighbours - 1, axis=1)[:, :neighbours] < count).mean(axis=1)


def _cluster(members: np.ndarray, points: np.ndarray, novelty: float, vocabulary: "_Vocabulary") -> Cluster:
    middle = points[members].mean(axis=0)
    distances = 1 - points[members] @ (middle / np.linalg.norm(middle))
    order = np.argsort(distances, kind="stable")
    words = vocabulary.typical([int(place) for place in members])
    return Cluster(
        tuple(int(place) for place in members[order]),
        tuple(max(0.0, round(float(distance), 4)) for distance in distances[order]),
        tuple(words),
        round(novelty, 3),
    )


class _Vocabulary:
    """Which words stand in which texts: by their stems, and compounds also by what they begin and end with."""

    def __init__(self, texts: Sequence[str], language: str, unsaid: set[str]) -> None:
        self._endings = _ENDINGS.get(language, ())
        ignored = FUNCTION_WORDS.get(language, frozenset()) | unsaid
        read = (_WORD.findall(_REDACTED.sub(" ", text)) for text in texts)
        self._said = [[word for word in words if word.lower() not in ignored] for words in read]
        self._stem_of = {word: self._stem(word) for said in self._said for word in said}
        known = set(self._stem_of.values())
        stems = {word: {stem, *_ends_of(stem, known)} for word, stem in self._stem_of.items()}
        self._stems = [{stem for word in said for stem in stems[word]} for said in self._said]
        self._frequency = Counter(stem for stems in self._stems for stem in stems)

    def typical(self, places: Sequence[int]) -> list[str]:
        """Of the words of these texts, those that stand in many of them and few others, most typical first.

        Weighed as class-based TF-IDF: Grootendorst 2022, arXiv 2203.05794. Each is spelled as most people wrote it.
        """
        said = Counter(stem for place in places for stem in self._stems[place])
        written = Counter(word for place in places for word in self._said[place])
        rarity = {stem: np.log1p(len(self._stems) / self._frequency[stem]) for stem in said}
        spelled: dict[str, str] = {}
        for word, _count in sorted(written.items(), key=lambda entry: (-entry[1], entry[0])):
            spelled.setdefault(self._stem_of[word], word)
        by_weight = sorted(spelled, key=lambda stem: (-said[stem] * rarity[stem], stem))
        told: list[str] = []
        for stem in by_weight:
            if said[stem] >= SAID_BY and not any(_is_part(stem, other) or _is_part(other, stem) for other in told):
                told.append(stem)
        return [spelled[stem] for stem in told[:WORDS]]

    def _stem(self, word: str) -> str:
        small = word.lower()
        ending = next((end for end in self._endings if small.endswith(end) and len(small) > len(end) + 3), "")
        return small.removesuffix(ending)


def _is_part(stem: str, of: str) -> bool:
    return len(stem) >= PART and (of.startswith(stem) or of.endswith(stem))


def _ends_of(stem: str, known: set[str]) -> Iterator[str]:
    for length in range(PART, len(stem) - 2):
        yield from {stem[:length], stem[-length:]} & known
