"""The orders of one customer: the statements, and the answer made of their rows."""

import sqlite3
from typing import Any, Optional

from origin.timing import Timing

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


def orders_of(
    connection: sqlite3.Connection, timing: Timing, customer: int, limit: int
) -> Optional[dict[str, Any]]:
    """Return a customer's totals and `limit` newest orders (money in cents), None if unknown."""
    found = timing.rows(connection, CUSTOMER, (customer,))
    if not found:
        return None
    totals = timing.rows(connection, TOTALS, (customer,))[0]
    newest = timing.rows(connection, NEWEST_ORDERS, (customer, limit))
    return {
        "customer": dict(found[0]),
        "count": totals["orders"],
        "total_cents": totals["total_cents"],
        "orders": [dict(order) for order in newest],
    }
