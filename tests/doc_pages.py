"""The documentation as data: its code blocks, and what it names that must exist.

A block marked ```sh is commands that a test runs. A word after `sh` says why a test cannot: `docker`, `kafka`,
`network`, `long` (it goes on until it is ended), `checkout` (it works on the repository itself). Whatever the mark,
commands, options, services, files, make targets and settings that a page names are checked. A block without a language
is an illustration. A ```yaml block that begins with `# NAME.yaml` is a file that the commands find in their folder.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main
import yaml

from cli.main import app
from geowire.settings import Settings

ROOT = Path(__file__).parents[1]
REASONS = {"docker", "kafka", "network", "long", "checkout"}
SHELL = re.compile(r"(?m)^\$? ?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?(?:geowire|make|docker|python|pip|npm|kcat|pytest) ")
FENCE = re.compile(r"^ *```(.*)$")
SPAN = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(
    r"(?:^(?:\$ )?|[|;&(] *|\b(?:exec|run)(?: +-\S+)* +\S+ +|[A-Z_]=\S* +)(?:\S*bin/)?geowire((?: +[^\s|;&#)]+)+)"
)
MAKE = re.compile(r"(?:^|[\s(;&])make((?: +[a-z][a-z-]*)+)")
COMPOSE = re.compile(r"docker compose((?: +[^\s|;&#)]+)+)")
NAME = re.compile(r"GEOWIRE_[A-Z0-9_]+")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ROOMS = "geowire|ingest|processors|flows|cli|tests|docs|benchmarks|examples|docker"
FILE = re.compile(rf"(?<![\w/.*<-])(?:{ROOMS})/[\w./-]*(?:\.[a-z]\w*|/)(?![\w*<{{])")
BUILT = ("examples/java/target/", "examples/node/node_modules/")
ONE_SERVICE = {"run", "exec"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `line` is where its text begins."""

    line: int
    mark: tuple[str, ...]
    text: str

    @property
    def runs(self) -> bool:
        """Whether a test runs it."""
        return self.mark == ("sh",)

    @property
    def file_name(self) -> str | None:
        """The file that it is, if it says so."""
        first = re.match(r"# ([\w.-]+\.yaml)\n", self.text)
        return first[1] if first and self.mark == ("yaml",) else None


def all_pages() -> list[Path]:
    """Every page of the documentation."""
    return [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("examples/*.md"))]


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found: list[Block] = []
    inside: list[str] | None = None
    mark, start = (), 0
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if fence and inside is None:
            inside, mark, start = [], tuple(fence[1].split()), number + 1
        elif fence and inside is not None:
            found.append(Block(start, mark, "".join(f"{one}\n" for one in inside)))
            inside = None
        elif inside is not None:
            inside.append(line)
    return found


def without_blocks(text: str) -> str:
    """The prose of a page."""
    return re.sub(r"(?ms)^ *```.*?^ *```$", "", text)


def code_of(text: str) -> list[str]:
    """Each line of shell and each span of code: where commands are named."""
    shell = [block.text for block in blocks_of(text) if not block.mark or block.mark[0] == "sh"]
    lines = [line.partition(" # ")[0] for part in shell for line in part.replace("\\\n", " ").splitlines()]
    return lines + SPAN.findall(without_blocks(text).replace("\\|", "|"))


def problems(page: Path, text: str) -> Iterator[str]:
    """Everything that a page names and that is not there, one line each."""
    code = code_of(text)
    yield from (f"mark {' '.join(b.mark)!r}: write sh and one of {REASONS}" for b in blocks_of(text) if is_mismarked(b))
    yield from (f"line {b.line}: commands without a mark: write sh" for b in blocks_of(text) if is_unmarked(b))
    yield from unknown_commands(code)
    yield from (f"no target for `make {name}`" for name in named(MAKE, code) if name not in make_targets())
    yield from unknown_services(code)
    yield from (f"no setting {name}" for name in sorted(set(NAME.findall(text))) if not is_setting(name))
    yield from (f"no file {name}" for line in code for name in missing_files(line))
    yield from (f"dead link {target}" for target in LINK.findall(without_blocks(text)) if not leads(page, target))


def is_mismarked(block: Block) -> bool:
    """Whether a block of shell has a mark that nobody knows."""
    return block.mark[:1] == ("sh",) and not (len(block.mark) <= 2 and set(block.mark[1:]) <= REASONS)


def is_unmarked(block: Block) -> bool:
    """Whether a block that passes for an illustration begins with a command."""
    return not block.mark and SHELL.match(block.text) is not None


def named(pattern: re.Pattern[str], code: Sequence[str]) -> list[str]:
    """The words after a command, wherever in the code."""
    return [word for line in code for match in pattern.finditer(line) for word in match[1].split()]


def unknown_commands(code: Sequence[str]) -> Iterator[str]:
    """Commands and options of `geowire` that do not exist."""
    for line in code:
        for match in COMMAND.finditer(line):
            yield from unknown_words(typer.main.get_command(app), match[1].split())


def unknown_words(command: Any, words: Sequence[str]) -> Iterator[str]:
    """What of a command line the command, or one of those in it, does not know."""
    inner = getattr(command, "commands", None)
    for place, word in enumerate(words):
        if word.startswith("-"):
            if word.partition("=")[0].rstrip(".,:") not in options_of(command):
                yield f"`geowire ... {command.name}` has no option {word}"
        elif inner is not None:
            found = inner.get(word)
            if found is None and re.fullmatch(r"[a-z-]+", word):
                yield f"`{command.name}` has no command {word}"
            if found is None:
                return
            yield from unknown_words(found, words[place + 1 :])
            return


def options_of(command: Any) -> set[str]:
    """The options of a command."""
    return {"--help"} | {name for one in command.params for name in (*one.opts, *one.secondary_opts)}


@functools.cache
def make_targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8")))


def unknown_services(code: Sequence[str]) -> Iterator[str]:
    """Services of the compose file that do not exist."""
    for line in code:
        for match in COMPOSE.finditer(line):
            verb, *words = [word for word in match[1].split() if re.fullmatch(r"[a-z][a-z-]*", word)] or [""]
            services = words[:1] if verb in ONE_SERVICE else words
            yield from (f"no service {name} in a compose file" for name in services if name not in compose_services())


@functools.cache
def compose_services() -> set[str]:
    """The services of every compose file."""
    files = [*ROOT.glob("docker-compose*.yml"), *ROOT.glob("compose*.yml")]
    return {name for file in files for name in yaml.safe_load(file.read_text("utf-8")).get("services", {})}


def is_setting(name: str) -> bool:
    """Whether a name, or what begins with it, is a setting, of the tests, or a variable of the compose file."""
    known = {f"GEOWIRE_{field.upper()}" for field in Settings.model_fields} | other_names()
    return name in known or (name.endswith("_") and any(one.startswith(name) for one in known))


@functools.cache
def other_names() -> set[str]:
    """What tests and compose files read from the environment besides the settings."""
    texts = [file.read_text("utf-8") for file in (*ROOT.glob("docker-compose*.yml"), *ROOT.glob("*.env.example"))]
    tests = [name for file in ROOT.glob("tests/**/*.py") for name in re.findall(r"GEOWIRE_TEST_\w+", file.read_text())]
    return {name for text in texts for name in NAME.findall(text)} | set(tests)


def missing_files(line: str) -> list[str]:
    """Files of the repository that a line names and that are not there; what is built does not count."""
    return [name for name in FILE.findall(line) if not (ROOT / name).exists() and not name.startswith(BUILT)]


def leads(page: Path, target: str) -> bool:
    """Whether a link leads to a file, and to a heading in it if it names one."""
    if re.match(r"[a-z]+:", target):
        return True
    name, _, heading = target.partition("#")
    file = page.parent / name if name else page
    return file.exists() and (not heading or heading in headings(file))


def headings(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    titles = re.findall(r"(?m)^#+ +(.+)$", without_blocks(page.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
