"""Messages as lines that read like a news desk's wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from geowire.events import Event
from geowire.messages import (
    AddedArticle,
    Aid,
    Article,
    ArticleCountry,
    ArticleWithdrawn,
    FeedPolled,
    FlagEvidence,
    Flagged,
    IngestFailure,
    Story,
    StoryMerged,
    Tagged,
    Theme,
)


def wire_lines(event: Event) -> list[str]:
    """The lines of a message, the first one with its time."""
    data = event.data
    if isinstance(data, Tagged):
        return tagged_lines(data)
    if isinstance(data, Article):
        return article_lines(data)
    if isinstance(data, Story):
        return story_lines(data)
    if isinstance(data, Flagged):
        return flagged_lines(data)
    return other_lines(event)


def article_lines(article: Article) -> list[str]:
    """Title, publisher, how much of the body is there."""
    version = "" if article.version == 1 else f" (version {article.version})"
    by = article.publisher.name or article.publisher.id
    head = f"{at(article.published_at or article.fetched_at)}  {article.title}{version}"
    return [head, f"    {by}, {article.body_status}, {len(article.text):,} characters  {article.url}"]


def tagged_lines(tagged: Tagged) -> list[str]:
    """Title, countries, themes, facts."""
    head = f"{at(tagged.published_at or tagged.fetched_at)}  {tagged.title}"
    tags = "; ".join(part for part in (countries_line(tagged.countries), themes_line(tagged.themes)) if part)
    return [head, *([f"    {tags}"] if tags else []), *[f"    {aid_line(aid)}" for aid in tagged.aid]]


def story_lines(story: Story) -> list[str]:
    """Headline, size, and what came in (`+`), was replaced by a newer version (`~`) or went (`-`)."""
    size = f"{counted(story.article_count, 'article')}, {counted(story.publisher_count, 'publisher')}"
    head = f"{at(story.last_seen)}  {story.headline} ({size})"
    gone = [f"    - article {article_id} was withdrawn" for article_id in story.removed]
    return [head, *[added_line(article) for article in story.added], *gone]


def added_line(article: AddedArticle) -> str:
    """`+ Title (Publisher, copy)`, or `~ Title (Publisher, version 2)` in place of an older version."""
    is_newer = article.why.rule == "replaced"
    known = [article.publisher.name or article.publisher.id]
    known += [f"version {article.version}"] if is_newer else []
    known += ["copy"] if article.duplicate_of else []
    return f"    {'~' if is_newer else '+'} {article.title} ({', '.join(known)})"


def flagged_lines(flag: Flagged) -> list[str]:
    """Watch, the story's headline, reason, the article that gives it, and the words it rests on."""
    verb = "TAKEN BACK" if flag.retracts else "FLAG"
    head = f"{at(flag.flagged_at)}  {verb} {flag.watch}: {flag.headline}"
    why = f"    {flag.reason.kind}: {flag.reason.value} ({counted(flag.publisher_count, 'publisher')})"
    return [head, f"{why}  {flag.url}" if flag.url else why, *[evidence_line(piece) for piece in flag.evidence]]


def evidence_line(piece: FlagEvidence) -> str:
    """The words, who prints them, and what they do with a claim unless they just assert it."""
    status = f", {piece.status}" if piece.status not in {None, "asserted"} else ""
    return f"    “{piece.quote}” ({piece.publisher or piece.url}{status})"


def counted(number: int, noun: str) -> str:
    """`1 article`, `2 articles`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def other_lines(event: Event) -> list[str]:
    """Withdrawals, mergers, feeds, failures."""
    data = event.data
    match data:
        case ArticleWithdrawn():
            return [f"{at(data.withdrawn_at)}  WITHDRAWN ({data.reason}) {data.url}"]
        case StoryMerged():
            return [f"{at(data.merged_at)}  MERGED story {data.from_} into {data.to}"]
        case FeedPolled():
            counts = ", ".join(f"{outcome} {count}" for outcome, count in data.entries.items())
            return [f"{at(data.polled_at)}  {data.title or data.url}: {data.result}, {data.state} {counts}".rstrip()]
        case IngestFailure():
            return [f"{at(data.failed_at)}  {data.stage} failed: {data.reason} {data.url}"]
    return [f"{at(event.time)}  {event.type} {event.key}"]


def countries_line(countries: Iterable[ArticleCountry]) -> str:
    """`UA* RU* KP US`: the ones the article is about carry a star."""
    return " ".join(f"{country.iso}{'*' if country.focus else ''}" for country in countries)


def themes_line(themes: Iterable[Theme]) -> str:
    """`military-aid .93, diplomacy .61`."""
    return ", ".join(f"{theme.theme} {theme.score:.2f}".replace(" 0.", " .") for theme in themes)


def aid_line(aid: Aid) -> str:
    """`pledged US -> UA: Patriot, 400,000,000 USD (asserted)`."""
    amount = [f"{aid.amount:,.0f} {aid.currency or ''}".strip()] if aid.amount else []
    what = ", ".join([*aid.items, *amount])
    parties = f"{aid.donor or '?'} -> {aid.recipient or '?'}"
    return f"{aid.action} {parties}{': ' + what if what else ''} ({aid.status or 'status unknown'})"


def at(moment: datetime) -> str:
    """`2024-10-14 08:00` UTC."""
    return f"{moment:%Y-%m-%d %H:%M}"
