"""`python -m cli.sample_web`: serve the sample web until it is interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

from cli.sample_web.content import load_sample_web
from cli.sample_web.server import PortUnavailable, SampleServer

DEFAULT_PORT = 8090
HIGHEST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments and serve; the exit status."""
    port = _parser().parse_args(arguments).port
    try:
        asyncio.run(serve(port))
    except PortUnavailable as error:
        sys.stderr.write(f"sample web: {error}; choose another --port\n")
        return 1
    return 0


async def serve(port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with SampleServer(port=port) as server:
        sites, articles = len(server.web.publishers), len(server.web.articles)
        sys.stdout.write(f"sample web: {sites} sites, {articles} articles, OPML at {server.opml_url}\n")
        sys.stdout.flush()
        await stop.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cli.sample_web", description="Serve the sample news web.")
    parser.add_argument(
        "--port", type=_port, default=DEFAULT_PORT, help="port of the first site; 0 takes any free ones"
    )
    return parser


def _port(text: str) -> int:
    highest = HIGHEST_PORT - len(load_sample_web().publishers)
    port = int(text)
    if not 0 <= port <= highest:
        raise argparse.ArgumentTypeError(f"must be from 0 to {highest}")
    return port


if __name__ == "__main__":
    sys.exit(main())
