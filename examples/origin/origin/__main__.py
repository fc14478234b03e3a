"""The command line: serve, seed, migrate."""

import argparse
import math
import re
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn, Optional

from origin.app import Settings
from origin.migrate import MIGRATIONS, MigrationError, listing, migrate
from origin.seed import DEFAULT_ORDERS, SeedError, seed
from origin.server import ListenError, listen, serve

DEFAULT_DATABASE = Path(__file__).resolve().parent.parent / ".data" / "orders.db"
_MAX_ORDERS = 5_000_000
_MAX_CACHE_SECONDS = 86_400


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", text):
        raise argparse.ArgumentTypeError("use 1 to 64 letters, digits, dots, dashes, underscores")
    return text


def _whole(text: str, smallest: int, largest: int) -> int:
    if not (text.isascii() and text.isdigit() and smallest <= int(text) <= largest):
        raise argparse.ArgumentTypeError(f"use a whole number from {smallest} to {largest}")
    return int(text)


def _port(text: str) -> int:
    return _whole(text, 0, 65_535)


def _order_count(text: str) -> int:
    return _whole(text, 1, _MAX_ORDERS)


def _cache_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _MAX_CACHE_SECONDS:
        raise argparse.ArgumentTypeError(f"use seconds from 0 to {_MAX_CACHE_SECONDS}")
    return seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m origin", description="A sample service for Vedette to probe."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    database = argparse.ArgumentParser(add_help=False)
    database.add_argument(
        "--database",
        type=Path,
        default=DEFAULT_DATABASE,
        metavar="PATH",
        help="the SQLite file (default: .data/orders.db beside the package)",
    )

    serving = commands.add_parser(
        "serve", parents=[database], help="serve; makes the database first when it is missing"
    )
    serving.add_argument("--host", default="127.0.0.1", help="address (default: %(default)s)")
    serving.add_argument(
        "--port", type=_port, default=9101, help="0 for any free one (default: %(default)s)"
    )
    serving.add_argument(
        "--name", type=_name, default="primary", help="sent as X-Origin-Name (default: %(default)s)"
    )
    serving.add_argument(
        "--allow-misbehave", action="store_true", help="mount /misbehave for local clients"
    )
    serving.add_argument(
        "--cache",
        type=_cache_seconds,
        default=0,
        metavar="SECONDS",
        help="keep answers of /orders for so long (default: off)",
    )
    serving.add_argument(
        "--log", action="store_true", help="print a line of JSON for each request (default: off)"
    )

    seeding = commands.add_parser("seed", parents=[database], help="make the database")
    seeding.add_argument(
        "--orders",
        type=_order_count,
        default=DEFAULT_ORDERS,
        help="how many (default: %(default)s)",
    )

    migrating = commands.add_parser(
        "migrate", parents=[database], help="change the database; it may be serving meanwhile"
    )
    what = migrating.add_mutually_exclusive_group(required=True)
    what.add_argument("migration", nargs="?", choices=sorted(MIGRATIONS))
    what.add_argument("--list", action="store_true", help="list the migrations and their state")
    return parser


def _serve(options: argparse.Namespace) -> int:
    if not options.database.exists():
        seed(options.database)
    settings = Settings(
        name=options.name,
        database=options.database,
        allow_misbehave=options.allow_misbehave,
        cache_ttl_s=options.cache,
        log=options.log,
    )
    return 0 if serve(settings, listen(options.host, options.port)) else 1


def _seed(options: argparse.Namespace) -> int:
    made = seed(options.database, options.orders)
    print(f"{options.database}: {options.orders} orders {'made' if made else 'were there already'}")
    return 0


def _migrate(options: argparse.Namespace) -> int:
    if options.list:
        print("\n".join(listing(options.database)))
    else:
        changed = migrate(options.database, options.migration)
        print(f"{options.migration}: {'done' if changed else 'nothing to do'}")
    return 0


def _stop(signal_number: int, _frame: Optional[FrameType]) -> NoReturn:
    # Unwinding lets an interrupted seeding take its unfinished file away.
    raise SystemExit(128 + signal_number)


def main(arguments: Optional[list[str]] = None) -> int:
    """Run one command; return the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    command = {"serve": _serve, "seed": _seed, "migrate": _migrate}[options.command]
    try:
        return command(options)
    except (ListenError, MigrationError, SeedError) as error:
        print(f"origin: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
