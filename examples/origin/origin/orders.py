"""The orders of one customer: the statements, and the answer made of their rows."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Optional

CUSTOMER = "SELECT id, name, city FROM customers WHERE id = ?"
# Without an index on customer_id both of these read the whole of `orders`.
NEWEST_ORDERS = """
SELECT orders.id, products.sku, products.title, orders.quantity, orders.total_cents,
       orders.status, orders.placed_at, orders.ship_to
FROM orders JOIN products ON products.id = orders.product_id
WHERE orders.customer_id = ?
ORDER BY orders.placed_at DESC
LIMIT ?
"""
TOTALS = """
SELECT count(*) AS orders, coalesce(sum(total_cents), 0) AS total_cents
FROM orders WHERE customer_id = ?
"""
HEALTH = "SELECT id FROM orders ORDER BY id DESC LIMIT 1"


def rows(
    connection: sqlite3.Connection, sql: str, parameters: Sequence[Any] = ()
) -> list[sqlite3.Row]:
    """Run one statement to its last row."""
    return connection.execute(sql, parameters).fetchall()


def orders_of(
    connection: sqlite3.Connection, customer: int, limit: int
) -> Optional[dict[str, Any]]:
    """Return a customer's totals and `limit` newest orders (money in cents), None if unknown."""
    found = rows(connection, CUSTOMER, (customer,))
    if not found:
        return None
    totals = rows(connection, TOTALS, (customer,))[0]
    newest = rows(connection, NEWEST_ORDERS, (customer, limit))
    return {
        "customer": dict(found[0]),
        "count": totals["orders"],
        "total_cents": totals["total_cents"],
        "orders": [dict(order) for order in newest],
    }
