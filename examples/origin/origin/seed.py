"""Makes the orders database from a fixed seed: all of it or none of it."""

import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from origin.database import open_for_reading

DEFAULT_ORDERS = 200_000
_SEED = 20_240_229
_ORDERS_PER_CUSTOMER = 40
_PRODUCTS = 500
_FIRST_ORDER = datetime(2024, 1, 1, tzinfo=timezone.utc)
_SECONDS_BETWEEN_ORDERS = 240
# No seeding takes this long: an older half-made file was left by one that was killed.
_LEFT_OVER_SECONDS = 600

_SCHEMA = """
CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    city TEXT NOT NULL
);
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    sku TEXT NOT NULL,
    title TEXT NOT NULL,
    price_cents INTEGER NOT NULL
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    total_cents INTEGER NOT NULL,
    status TEXT NOT NULL,
    placed_at TEXT NOT NULL,
    ship_to TEXT NOT NULL,
    note TEXT NOT NULL
);
"""

_GIVEN = ("Ada", "Björn", "Chiara", "Dmitri", "Elif", "Fatou", "Goran", "Hana", "Ines", "Jun")
_FAMILY = ("Almeida", "Berg", "Costa", "Dubois", "Eriksen", "Fischer", "Haddad", "Ito", "Kaya")
_CITIES = ("Lisboa", "Malmö", "Torino", "Gdańsk", "İzmir", "Dakar", "Zagreb", "Osaka", "Lyon")
_STREETS = ("Harbour Street", "Mill Lane", "Station Road", "Chapel Hill", "Orchard Way")
_KINDS = ("lamp", "kettle", "notebook", "backpack", "headphones", "chair", "mug", "blanket")
_FINISHES = ("oak", "steel", "linen", "ceramic", "walnut", "recycled", "matte", "indigo")
_STATUSES = ("delivered", "delivered", "delivered", "delivered", "shipped", "paid", "returned")
_NOTES = (
    "Leave the parcel with the neighbour on the ground floor if nobody answers the bell.",
    "Gift: please leave the invoice out and put the card that came with the order on top.",
    "Ring twice. The entrance is in the courtyard, behind the bicycle stands on the left.",
    "Deliver after 17:00 only; the reception takes no parcels between lunch and then.",
)


class SeedError(Exception):
    """The database cannot be made; the message is one sentence for the user."""


def _pick(rng: random.Random, choices: tuple[str, ...]) -> str:
    # One call of random() is several times faster than choice(), and its sequence is the same
    # in every Python version.
    return choices[int(rng.random() * len(choices))]


def _customers(rng: random.Random, count: int) -> Iterator[tuple[int, str, str, str]]:
    for number in range(1, count + 1):
        name = f"{_pick(rng, _GIVEN)} {_pick(rng, _FAMILY)}"
        yield number, name, f"customer{number}@example.com", _pick(rng, _CITIES)


def _products(rng: random.Random) -> Iterator[tuple[int, str, str, int]]:
    for number in range(1, _PRODUCTS + 1):
        title = f"{_pick(rng, _FINISHES).capitalize()} {_pick(rng, _KINDS)}"
        yield number, f"SKU-{number:05d}", title, 400 + int(rng.random() * 24_000)


def _orders(
    rng: random.Random, count: int, customers: int, prices: list[int]
) -> Iterator[tuple[int, int, int, int, int, str, str, str, str]]:
    placed = _FIRST_ORDER
    for number in range(1, count + 1):
        placed += timedelta(seconds=1 + int(rng.random() * 2 * _SECONDS_BETWEEN_ORDERS))
        # The square leans towards low numbers: a few customers order far more than most.
        customer = 1 + int(rng.random() ** 2 * customers)
        product = int(rng.random() * _PRODUCTS)
        quantity = 1 + int(rng.random() ** 3 * 6)
        house = 1 + int(rng.random() * 180)
        yield (
            number,
            customer,
            product + 1,
            quantity,
            quantity * prices[product],
            _pick(rng, _STATUSES),
            placed.strftime("%Y-%m-%dT%H:%M:%SZ"),
            f"{house} {_pick(rng, _STREETS)}, {_pick(rng, _CITIES)}",
            _pick(rng, _NOTES),
        )


def _fill(path: Path, orders: int) -> None:
    rng = random.Random(_SEED)  # noqa: S311 - sample data, the same every time
    customers = max(1, orders // _ORDERS_PER_CUSTOMER)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # Nobody reads this file before it is whole, so it needs no journal of its own.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO customers VALUES (?, ?, ?, ?)", _customers(rng, customers)
        )
        products = list(_products(rng))
        connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?)", products)
        prices = [price_cents for *_, price_cents in products]
        connection.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _orders(rng, orders, customers, prices),
        )
        connection.execute("COMMIT")
        # Kept in the file: readers go on while a migration writes.
        connection.execute("PRAGMA journal_mode = WAL")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _remove_left_overs(path: Path) -> None:
    oldest = time.time() - _LEFT_OVER_SECONDS
    for left_over in path.parent.glob(f"{path.name}.seeding-*"):
        with suppress(FileNotFoundError):
            if left_over.stat().st_mtime < oldest:
                left_over.unlink()


def _publish(made: Path, path: Path) -> bool:
    with made.open("rb+") as file:
        # Else a power cut could leave the name without all of the content.
        os.fsync(file.fileno())
    if not path.exists():
        # SQLite would replay the log of a deleted database into the new one.
        for suffix in ("-wal", "-shm"):
            _beside(path, suffix).unlink(missing_ok=True)
    try:
        # Unlike a rename, a link never replaces what a second instance has put there meanwhile
        # and serves already.
        os.link(made, path)
    except FileExistsError:
        return False
    return True


def count_orders(path: Path) -> int:
    """Return how many orders an existing database holds; raises `SeedError` if it is none."""
    try:
        with open_for_reading(path) as connection:
            return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])
    except sqlite3.Error as error:
        raise SeedError(
            f"{path} exists but is no readable orders database ({error}); move it away first"
        ) from error


def seed(path: Path, orders: int = DEFAULT_ORDERS) -> bool:
    """Make the database with `orders` orders unless it is there; return whether it was made.

    It appears under its own name only when it is complete. Raises `SeedError` when something
    else lies there, when it holds another number of orders, or when it cannot be written.
    """
    if path.exists():
        there = count_orders(path)
        if there != orders:
            raise SeedError(f"{path} holds {there} orders, not {orders}; delete it to make it anew")
        return False
    unfinished = _beside(path, f".seeding-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_overs(path)
        unfinished.unlink(missing_ok=True)
        _fill(unfinished, orders)
        return _publish(unfinished, path)
    except (OSError, sqlite3.Error) as error:
        raise SeedError(f"cannot make {path}: {error}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
