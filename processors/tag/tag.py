"""From an article to what it is about. Pure: the same article gives the same answer, and no clock is read."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from geowire.messages import Aid, Article, ArticleCountry, Entity, EntityIds, Tagged, Theme
from geowire.messages.base import Span as SentenceSpan
from geowire.messages.tagged import ENTITY_LIMIT, SENTENCE_LIMIT
from processors.tag.aid import AidRules, CountryNames, in_passing
from processors.tag.claims import Claims
from processors.tag.compounds import Compounds
from processors.tag.countries import rank_countries
from processors.tag.document import Document, Sources
from processors.tag.extended import PlaceMaker
from processors.tag.gazetteer import Gazetteer, load_gazetteer
from processors.tag.lexicon import Lexicon
from processors.tag.match import Span, find_spans
from processors.tag.mention import Mention
from processors.tag.names import decide_name
from processors.tag.persons import decide_person
from processors.tag.places import decide_place
from processors.tag.plugins import Plugin, with_plugins
from processors.tag.reading import Reading
from processors.tag.sentences import Splitter
from processors.tag.setting import Setting
from processors.tag.themes import ThemeModel, ThemeRules
from processors.tag.words import read_words

Tagger = Callable[[Span, Setting], Mention | None]
"""Decides one span, or leaves it to the next."""

TAGGERS: tuple[Tagger, ...] = (decide_person, decide_name, decide_place)
"""Asked in this order; the first answer counts."""

MODEL = "tag"
"""First part of the model's name; the data's version and the rules' number follow."""


@dataclass(frozen=True, slots=True)
class Tags:
    """What a text is about: the fields of a tagged message that the article does not have."""

    model: str
    sentences: tuple[SentenceSpan, ...]
    sentence_count: int
    entities: tuple[Entity, ...]
    entity_count: int
    countries: tuple[ArticleCountry, ...]
    themes: tuple[Theme, ...]
    aid: tuple[Aid, ...]

    def fields(self) -> dict[str, Any]:
        """The fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}


class ArticleTagger:
    """A gazetteer with its lexicons and rules, ready to tag."""

    def __init__(
        self, gazetteer: Gazetteer, taggers: Iterable[Tagger] = TAGGERS, plugins: Iterable[Plugin] = ()
    ) -> None:
        lexicon = gazetteer.lexicon
        self._plugins = tuple(plugins)
        self.model = "+".join((f"{MODEL}-{gazetteer.version}", *(plugin.name for plugin in self._plugins)))
        self._gazetteer = gazetteer
        self._taggers = tuple(taggers)
        self._words = read_words(lexicon)
        self._splitter = Splitter(lexicon["abbreviations"], lexicon["contexts"]["sentence_openers"])
        self._compounds = Compounds(lexicon["compounds"], lexicon["contexts"]["past_holders"], gazetteer)
        self._places = PlaceMaker(lexicon["place_nouns"])
        languages = lexicon["languages"]
        self._claims = Claims(lexicon["claims"], languages)
        self.aid = AidRules(lexicon["aid"], _names_of_countries(gazetteer), self._claims)
        model, without_facts = ThemeModel(lexicon["theme_model"]), ThemeModel(lexicon["theme_model_without_facts"])
        self.themes = ThemeRules(lexicon["themes"], model, without_facts, self._claims, languages)
        english = {**lexicon["word_groups"], **self.aid.groups, **self.themes.groups}
        self._groups = {"en": english, **self.themes.other_groups}
        self._lexicons: dict[str, Lexicon] = {}

    @classmethod
    def load(cls, plugins: Iterable[Plugin] = ()) -> ArticleTagger:
        """The tagger with the gazetteer that ships. Raises `Misconfigured` if that cannot be read."""
        return cls(load_gazetteer(), plugins=plugins)

    def tag_text(self, title: str, text: str, sources: Sources) -> Tags:
        """What title and text are about."""
        with collector_paused():
            return self._tags(self.read(title, text, sources))

    def _tags(self, reading: Reading) -> Tags:
        document, mentions = reading.document, reading.mentions
        told = self.aid.find(reading)
        themes = self.themes.judge(reading, told)
        aid = told if any(theme.theme == "military-aid" for theme in themes) else in_passing(told)
        entities = tuple(_entities(mentions, document))
        return Tags(
            model=self.model,
            sentences=tuple(document.text_sentences[:SENTENCE_LIMIT]),
            sentence_count=len(document.text_sentences),
            entities=entities[:ENTITY_LIMIT],
            entity_count=len(entities),
            countries=rank_countries(reading, aid),
            themes=themes,
            aid=aid,
        )

    def tag_entities(self, title: str, text: str, sources: Sources) -> tuple[Entity, ...]:
        """The entities of title and text alone, all of them."""
        with collector_paused():
            document = Document(title, text, sources, self._splitter)
            return tuple(_entities(self._mentions(document), document))

    def read(self, title: str, text: str, sources: Sources) -> Reading:
        """The sentences with their mentions and the words of the lexicons."""
        document = Document(title, text, sources, self._splitter)
        return Reading(document, self._mentions(document), self._lexicon_of(document.language).find(document))

    def _lexicon_of(self, language: str) -> Lexicon:
        """The words of a language, put together when the first text in it comes; none of one that is not read."""
        language = language if language in self._groups else ""
        if language not in self._lexicons:
            self._lexicons[language] = Lexicon(self._groups.get(language, {}))
        return self._lexicons[language]

    def _mentions(self, document: Document) -> list[Mention]:
        spans = find_spans(self._gazetteer, document)
        scene = Setting(document, spans, self._gazetteer, self._words)
        decided = [mention for span in spans if (mention := self._decide(span, scene))]
        decided = self._places.extend(decided, scene)
        mentions = in_order((*decided, *self._compounds.around(decided, document)))
        return with_plugins(mentions, self._plugins, document)

    def _decide(self, span: Span, scene: Setting) -> Mention | None:
        for tagger in self._taggers:
            answer = tagger(span, scene)
            if answer is not None:
                return answer
        return None


def tag_article(article: Article, tagger: ArticleTagger) -> Tagged:
    """The article with its tags. Offices are decided by the day on which it was published, else fetched."""
    sources = Sources(article.published_at or article.fetched_at, article.publisher.country, article.language)
    fields = {name: getattr(article, name) for name in Article.model_fields}
    return Tagged(**fields, **tagger.tag_text(article.title, article.text, sources).fields())


@contextmanager
def collector_paused() -> Iterator[None]:
    """Nothing that tagging makes is cyclic: looking for cycles among a long text's mentions costs and finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def in_order(mentions: Iterable[Mention]) -> list[Mention]:
    """By place, what contains first; what overlaps an earlier one without being inside it is left out."""
    kept: list[Mention] = []
    ends: list[int] = []
    for mention in sorted(mentions, key=lambda item: (item.start, -item.end, item.rule != "country-noun")):
        while ends and ends[-1] <= mention.start:
            ends.pop()
        if ends and mention.end > ends[-1]:
            continue
        ends.append(mention.end)
        kept.append(mention)
    return kept


def _entities(mentions: list[Mention], document: Document) -> Iterator[Entity]:
    around: list[int] = []
    for place, mention in enumerate(mentions):
        while around and mentions[around[-1]].end <= mention.start:
            around.pop()
        yield _entity(mention, document, around[-1] if around else None)
        around.append(place)


def _entity(mention: Mention, document: Document, inside: int | None) -> Entity:
    entry = mention.entry
    field, start, end = document.place(mention.start, mention.end)
    sentence = document.sentence_at(mention.start)
    iso = entry.country if entry.kind == "country" else None
    return Entity(
        kind=entry.kind,
        id=entry.id,
        label=entry.label,
        ids=_ids(iso, entry.wikidata, entry.geonames),
        country=entry.country,
        field=field,
        start=start,
        end=end,
        surface=document.surface(mention.start, mention.end),
        sentence=sentence - 1 if sentence and sentence <= SENTENCE_LIMIT else None,
        inside=inside,
        score=mention.score,
        rule=mention.rule,
    )


@lru_cache(maxsize=4096)
def _ids(iso: str | None, wikidata: str | None, geonames: int | None) -> EntityIds:
    return EntityIds(iso=iso, wikidata=wikidata, geonames=geonames)


def _names_of_countries(gazetteer: Gazetteer) -> CountryNames:
    """What each country and its people are called, and of which country each capital is."""
    entries = gazetteer.by_id.values()
    labels = {str(it.country): it.label for it in entries if it.kind == "country"}
    demonyms = {str(it.country): it.label for it in entries if it.id == f"demonym/{str(it.country).lower()}"}
    capitals = {it.label: str(it.country) for it in entries if it.id.endswith("-capital")}
    return CountryNames(labels, demonyms, capitals)
