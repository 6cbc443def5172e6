"""What grouping costs: the stage on full-length articles with 10,000 live stories, beside bare TF-IDF vectorising.

    python benchmarks/bench_relate.py DATA [--live 10000]

The stream is made of sentences of real reports: a story is 30 of them, an article of it 20 of these and a title. First
the stories start, one article each; then as many articles as are measured come to random ones of them, every fourth
starts a story of its own. `bare` only makes weighted vectors of the same texts, with the same words and the same
weights; `grouped` decides; `stage` is the whole of it as in production: batches of 100 in one transaction of a state
file on disk, story messages made and encoded. Each figure is taken in a process of its own, in CPU time and as the
median of batches, so that it matters little what else the machine does. Exits 1 if a limit is missed.
"""

from __future__ import annotations

import argparse
import gzip
import json
import multiprocessing
import re
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from zlib import crc32

LEAST_SPEED, MOST_MB, MOST_GROWTH, MOST_RESTART_SECONDS = 1 / 3, 400.0, 1.5, 2.0
SOURCES = ("themes/unlabelled_dev", "stories/basil")
SENTENCE = re.compile(r"(?<=[.!?])\s+")
LONG_WORD = re.compile(r"\w{6,}")
START = datetime(2026, 3, 1, tzinfo=UTC)
BATCH, FEW_LIVE, MEASURED = 100, 1_000, 2_000
STORY_SENTENCES, ARTICLE_SENTENCES = 30, 20
PUBLISHERS = 200
ENTITIES = 12

Line = dict[str, Any]


def sentence_pool(data: Path) -> list[str]:
    """Different sentences of the sets."""
    pool: dict[str, None] = {}
    for source in SOURCES:
        with gzip.open(data / f"{source}.jsonl.gz", "rt", encoding="utf-8") as rows:
            texts = (str(json.loads(row)["text"]) for row in rows)
            pool.update((each, None) for text in texts for each in SENTENCE.split(text) if 8 <= len(each.split()) <= 60)
    return list(pool)


def stream(data: Path, live: int) -> Iterator[Line]:
    """So many starts of stories, then the measured articles, in order of time over six days."""
    pool, random = sentence_pool(data), Random(live)
    stories = [random.sample(range(len(pool)), STORY_SENTENCES) for _ in range(live)]
    for number in range(live + MEASURED):
        if number >= live and number % 4 == 0:
            stories.append(random.sample(range(len(pool)), STORY_SENTENCES))
        story = number if number < live else random.randrange(len(stories)) if number % 4 else len(stories) - 1
        told = [own_words(pool[place], story) for place in random.sample(stories[story], ARTICLE_SENTENCES)]
        yield {
            "id": f"{live}-{number}",
            "title": " ".join(told[0].split()[:10]),
            "text": " ".join(told),
            "published_at": START + timedelta(days=6) * number / (live + MEASURED),
            "publisher": {"id": f"publisher-{random.randrange(PUBLISHERS)}"},
            "language": "en",
            "entities": [_entity(place) for place in stories[story][:ENTITIES]],
            "model": "bench",
        }


def own_words(sentence: str, story: int) -> str:
    """The sentence with every fifth long word made the story's own, or all stories would be made of the same."""
    return LONG_WORD.sub(lambda word: word[0] if crc32(word[0].encode()) % 5 else f"{word[0]}{story:x}", sentence)


def _entity(place: int) -> Line:
    kind, slug = ("country", f"country/{place % 200}") if place % 2 else ("person", f"person/{place}")
    named = {"kind": kind, "id": slug, "label": slug, "field": "title", "start": 0, "end": 1, "surface": "x"}
    return named | {"score": 1.0, "rule": "bench"}


def decision_rate(data: Path, live: int) -> dict[str, float]:
    """Articles a second of the decisions alone, as the filter makes them, beside TF-IDF vectorising, turn by turn.

    Vectorising is words to terms, counted, weighed by the counts that the grouping has, scaled to length 1.
    """
    from processors.relate import Grouping, tagged_from_line  # noqa: PLC0415
    from processors.relate.vectors import counted, weigh  # noqa: PLC0415
    from processors.relate.words import terms  # noqa: PLC0415

    articles = [tagged_from_line(line, 0) for line in stream(data, live)]
    grouping, bare, deciding = Grouping(), list[float](), list[float]()
    for article in articles[:live]:
        grouping.add(article)
    for begins in range(live, live + MEASURED, BATCH):
        batch = articles[begins : begins + BATCH]
        begun = time.process_time()
        for article in batch:
            weigh(counted(terms(f"{article.title} {article.text}")), grouping.documents)
        between = time.process_time()
        for article in batch:
            grouping.add(article)
        bare.append(between - begun)
        deciding.append(time.process_time() - between)
    rates = {"bare a second": BATCH / median(bare), "grouped a second": BATCH / median(deciding)}
    rates["beside bare"] = rates["grouped a second"] / rates["bare a second"]
    return rates | {"live stories": float(len(grouping.stories))}


def stage_rate(data: Path, live: int) -> dict[str, float]:
    """Articles a second of the stage with so many live stories, its memory, and how long a restart takes."""
    from geowire.events import encode, tagged_event  # noqa: PLC0415  # the bare measurement must not import it
    from geowire.stage_state import StageState  # noqa: PLC0415
    from processors.relate import RelateStage, tagged_from_line  # noqa: PLC0415

    events = (tagged_event(tagged_from_line(line, 0)) for line in stream(data, live))
    with tempfile.TemporaryDirectory() as folder:
        state, stage = StageState(Path(folder) / "relate.db"), RelateStage()
        state.claim("bench")
        with state.transaction() as connection:
            stage.create_tables(connection)
            stage.load(connection)
        spent: list[float] = []
        for begins in range(0, live + MEASURED, BATCH):
            batch = [next(events) for _ in range(BATCH)]
            begun = time.process_time()
            with state.transaction() as connection:
                state.put(connection, [encode(answer) for answer in stage.process(batch, connection)])
            spent += [time.process_time() - begun] if begins >= live else []
            state.strike(state.waiting(10 * BATCH)[1])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with state.reading() as connection:
            return {"articles a second": BATCH / median(spent), "MB": peak} | restart(connection)


def restart(connection: sqlite3.Connection) -> dict[str, float]:
    """Seconds that a new stage needs to read its state, and how many stories are alive in it."""
    from processors.relate import RelateStage  # noqa: PLC0415

    stage = RelateStage()
    begun = time.process_time()
    stage.load(connection)
    seconds = time.process_time() - begun
    (live,) = connection.execute("SELECT count(*) FROM relate_story WHERE live").fetchone()
    return {"restart seconds": seconds, "live stories": float(live)}


def apart(measure: Callable[[Path, int], dict[str, float]], data: Path, live: int) -> dict[str, float]:
    """A figure taken in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (data, live))


def main() -> None:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--live", type=int, default=10_000)
    given = parser.parse_args()
    data, live = given.data, given.live
    alone = apart(decision_rate, data, live)
    few, many = apart(stage_rate, data, FEW_LIVE), apart(stage_rate, data, live)
    for name, figures in {"decisions": alone, f"stage, {FEW_LIVE}": few, f"stage, {live}": many}.items():
        print(f"{name:<14}", ", ".join(f"{what} {value:,.2f}" for what, value in figures.items()))
    speed = alone["beside bare"]
    growth = few["articles a second"] / many["articles a second"]
    print(f"grouping beside bare {speed:.2f} (least {LEAST_SPEED:.2f}), stage: {growth:.2f} times the cost")
    holds = speed >= LEAST_SPEED and growth <= MOST_GROWTH and many["MB"] <= MOST_MB
    sys.exit(not (holds and many["restart seconds"] <= MOST_RESTART_SECONDS))


if __name__ == "__main__":
    main()
