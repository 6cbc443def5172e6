"""Write the contract's files beside this module and its pages into `docs/`; `--release` freezes the schemas."""

import sys
from pathlib import Path

from geowire.contract.generate import generate_files
from geowire.contract.pages import generate_pages
from geowire.contract.release import release
from geowire.errors import Misconfigured

CONTRACT = Path(__file__).parent
DOCS = CONTRACT.parents[1] / "docs"


def write(folder: Path, files: dict[str, str]) -> None:
    """Write files into a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """The exit status: 1 if a release would break somebody."""
    write(CONTRACT, generate_files())
    write(DOCS, generate_pages())
    try:
        if arguments == ["--release"]:
            release()
    except Misconfigured as error:
        sys.stderr.write(f"geowire.contract: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
