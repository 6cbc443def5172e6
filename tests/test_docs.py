"""The documentation is true: its commands run, and whatever it names is there (`doc_pages.py` has the conventions)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from doc_pages import ROOT, Block, all_pages, blocks_of, problems
from servers.processes import SITES, accepts, free_port, running, wait_until

from geowire.bus import open_bus
from geowire.events import decode
from geowire.messages import Article
from geowire.settings import Settings
from geowire.topics import ARTICLES

SERVER = Path(__file__).parent / "servers" / "command_server.py"
PAGES = all_pages()
RUNNING_PAGES = [page for page in PAGES if any(block.runs for block in blocks_of(page.read_text("utf-8")))]
ELSEWHERE = re.compile(r"https?://(?:[\w-]+\.)*example(?:\.org|\.com|\.net)?(?P<path>/[^\s'\")]*)?")
"""An address that stands for any other in the documentation; for a test it is one of the sample news web."""

FEEDS = 3
"""Feeds of the sample news web in the catalogue that commands find: enough to poll, and soon done."""


def page_name(page: Path) -> str:
    """A page as a test's name."""
    return str(page.relative_to(ROOT))


@dataclass(frozen=True)
class Desk:
    """Where the commands of a page run: what they find, and whom they reach."""

    folder: Path
    environment: dict[str, str]
    address: Callable[[re.Match[str]], str]

    def run(self, block: Block) -> subprocess.CompletedProcess[str]:
        """A block to its end, its first failure included."""
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", ELSEWHERE.sub(self.address, block.text)], cwd=self.folder,
            env=self.environment, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip


@pytest.fixture(scope="module")
def command_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a `geowire` that starts at once."""
    folder = tmp_path_factory.mktemp("bin")
    socket = folder / "commands"
    shim = folder / "geowire"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S {SERVER} call {socket} "$@"\n', "utf-8")
    shim.chmod(0o755)
    with running([sys.executable, str(SERVER), "serve", str(socket)], folder / "server.log", cwd=folder):
        wait_until(socket.exists, "the command to be ready")
        yield folder


@pytest.fixture(scope="module")
def sample_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the first site of a running sample news web."""
    folder, port = tmp_path_factory.mktemp("web"), free_port(SITES)
    command = [sys.executable, "-m", "cli.sample_web", "--port", str(port)]
    with running(command, folder / "web.log", cwd=folder):
        wait_until(lambda: accepts(port), "the sample news web")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def desk(tmp_path: Path, command_folder: Path, sample_web: str, sample_run: Settings) -> Desk:
    """A folder after a run of the pipeline on the sample news web, some feeds of which are the catalogue."""
    shutil.copytree(sample_run.data, tmp_path / ".geowire")
    *feeds, another = yaml.safe_load(catalogue(f"{sample_web}/feeds.yaml"))["feeds"][: FEEDS + 1]
    for name in (".geowire/feeds.yaml", "feeds.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump({"feeds": feeds}), "utf-8")
    (tmp_path / "subscriptions.opml").write_bytes(catalogue(f"{sample_web}/feeds.opml"))
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(command_folder)
    environment = {
        "PATH": f"{command_folder}:/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8",
        "GEOWIRE_ALLOW_PRIVATE_NETWORKS": "127.0.0.0/8", "GEOWIRE_MAX_AGE": "36500d", "GEOWIRE_WORKERS": "1",
    }  # fmt: skip
    places = {
        "feed": another["url"],
        "story": an_article(sample_run),
        "": f"{sample_web}/",
    }
    return Desk(tmp_path, environment, lambda found: places[kind_of(found["path"] or "")])


def catalogue(address: str) -> bytes:
    """A document of the sample news web."""
    with urllib.request.urlopen(address, timeout=10) as answer:
        return bytes(answer.read())


def an_article(settings: Settings) -> str:
    """Address of an article that the run published."""
    with open_bus(settings.bus_url) as bus, bus.read(ARTICLES.name) as reader:
        data = decode(reader.poll(1, 5.0)[0]).data
    assert isinstance(data, Article)
    return data.url


def kind_of(path: str) -> str:
    """What an example address leads to, by its path: a feed, the front page, else an article."""
    if re.search(r"rss|feed|atom|\.xml", path):
        return "feed"
    return "story" if path.strip("/") else ""


@pytest.mark.parametrize("page", RUNNING_PAGES, ids=page_name)
def test_the_commands_of_a_page_run(page: Path, desk: Desk) -> None:
    """Block by block, in one folder, as a reader would; each command succeeds."""
    blocks = blocks_of(page.read_text("utf-8"))
    for block in blocks:
        if block.file_name:
            (desk.folder / block.file_name).write_text(block.text, "utf-8")
    for block in blocks:
        if block.runs:
            ended = desk.run(block)
            assert ended.returncode == 0, f"{page_name(page)}:{block.line}: {ended.stderr or ended.stdout}"


def test_a_command_that_fails_is_noticed(desk: Desk) -> None:
    """Also one that is not the last, or stands before a pipe; and a name that is not of this machine is not reached."""
    assert desk.run(Block(1, ("sh",), "geowire tail storeys --json\ngeowire --version\n")).returncode == 2
    assert desk.run(Block(1, ("sh",), "geowire tail storeys --json | cat\n")).returncode == 2
    away = desk.run(Block(1, ("sh",), "geowire feeds check https://news.invalid/rss.xml\n"))
    assert away.returncode == 1
    assert "dns" in away.stdout


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_what_a_page_names_is_there(page: Path) -> None:
    """Commands, options, make targets, services, settings, files, and where links lead."""
    assert list(problems(page, page.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Try `geowire pole`.", "`geowire` has no command pole"),
        ("Try `geowire poll --everything`.", "`geowire ... poll` has no option --everything"),
        ("```sh\n.venv/bin/geowire feeds ad x\n```", "`feeds` has no command ad"),
        ("```sh long\ngeowire run | geowire tail x --forever\n```", "`geowire ... tail` has no option --forever"),
        ("`docker compose exec -T tag geowire statas`", "`geowire` has no command statas"),
        ("`GEOWIRE_BATCH=1 .venv/bin/geowire poll --al`", "`geowire ... poll` has no option --al"),
        ("Then `make tee`.", "no target for `make tee`"),
        ("```sh docker\ndocker compose up -d grafama\n```", "no service grafama in a compose file"),
        ("Set `GEOWIRE_BUSS`.", "no setting GEOWIRE_BUSS"),
        ("See `geowire/topic.py`.", "no file geowire/topic.py"),
        ("```sh kafka\npython examples/python/consumer.py\n```", "no file examples/python/consumer.py"),
        ("See [there](nowhere.md).", "dead link nowhere.md"),
        ("See [there](README.md#nowhere).", "dead link README.md#nowhere"),
        ("```sh later\ntrue\n```", "mark 'sh later'"),
        ("```\nGEOWIRE_BATCH=1 geowire poll\n```", "line 2: commands without a mark"),
    ],
)
def test_what_is_not_there_is_noticed(text: str, problem: str) -> None:
    """The checks can fail."""
    assert [line[: len(problem)] for line in problems(ROOT / "README.md", text)] == [problem]


@pytest.mark.parametrize(
    "text",
    [
        "`geowire feeds check https://a.example --json`, `geowire process tag|relate --until-idle`, `geowire <it>`",
        "`prefect worker start --pool geowire --type process`, `docker compose exec -T tag geowire feeds list`",
        "`make test`, `make setup check`, `make PYTHON=/usr/bin/python3.12`, to make sense",
        "`docker compose exec tag geowire status` and `docker compose logs -f tag --tail 50`",
        "`GEOWIRE_BUS`, `GEOWIRE_*`, [the web](https://a.example/x), [up](#geowire), `ingest/starter/<region>.yaml`",
    ],
)
def test_what_is_there_is_no_problem(text: str) -> None:
    """Ways to name a thing that readers understand."""
    assert list(problems(ROOT / "README.md", text)) == []


def test_code_of_the_page_for_readers_is_that_of_the_examples() -> None:
    """What the page shows is what the tests of the examples run."""
    blocks = blocks_of((ROOT / "docs/consuming.md").read_text("utf-8"))
    sources = "".join(
        (ROOT / "examples" / name).read_text("utf-8")
        for name in ("python/consume.py", "node/consume.mjs", "java/src/main/java/Consume.java")
    )
    shown = [block for block in blocks if block.mark[:1] in {("js",), ("java",), ("sql",), ("python",)}]

    assert {block.mark[0] for block in shown} == {"js", "java", "sql", "python"}
    for block in [block for block in shown if "import" not in block.text]:
        assert not [line for line in block.text.splitlines() if line.strip() not in sources], block.text


def test_the_program_of_the_page_for_readers_runs(
    sample_run: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """On the embedded bus as on Kafka: it prints each article, and the withdrawals."""
    blocks = blocks_of((ROOT / "docs/consuming.md").read_text("utf-8"))
    (program,) = [block.text for block in blocks if block.mark == ("python",) and "from geowire" in block.text]

    data = shutil.copytree(sample_run.data, tmp_path / "data")

    exec(program.replace("kafka://localhost:9092", f"sqlite:///{data / 'bus.db'}"), {})

    printed = capfd.readouterr().out.splitlines()
    assert any(line.startswith("withdrawn:") for line in printed)
    assert sum("[" in line for line in printed) > 40
