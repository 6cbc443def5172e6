"""Write the contract's files beside this module."""

from pathlib import Path

from geowire.contract.generate import generate_files

if __name__ == "__main__":
    for name, text in generate_files().items():
        path = Path(__file__).parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
