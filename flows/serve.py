"""`python -m flows.serve`: run the deployments on this machine, without a work pool."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from datetime import timedelta

from prefect import aserve

from flows.deployments import DEPLOYMENTS, runner_deployment
from flows.setup import connected, install_automations
from geowire.settings import load_settings
from geowire.settings_values import parse_duration


async def serve_deployments(interval: timedelta | None = None) -> None:
    """Install the automations and serve all deployments until stopped; `interval` replaces the rows' own."""
    async with connected() as client:
        await install_automations(client, load_settings().alert_webhook)
    await aserve(*[await runner_deployment(row, interval) for row in DEPLOYMENTS], print_starting_message=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the one option and serve."""
    parser = argparse.ArgumentParser(prog="python -m flows.serve", description=__doc__)
    parser.add_argument(
        "--every", type=parse_duration, metavar="DURATION", help="instead of each schedule, such as 30s"
    )
    asyncio.run(serve_deployments(parser.parse_args(arguments).every))


if __name__ == "__main__":
    main()
