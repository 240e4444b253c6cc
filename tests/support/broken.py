"""Every way to break a batch, gathered."""

import broken_accounts
import broken_headers
import broken_orders
import broken_signed
import broken_tables
from breaking import BREAKAGES, Breakage, Inapplicable

__all__ = ["BREAKAGES", "Breakage", "Inapplicable"]

# Importing them has registered their breaks.
assert all((broken_accounts, broken_headers, broken_orders, broken_signed, broken_tables))
