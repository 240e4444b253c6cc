# pragma version 0.4.3
"""
@title A batch's table of instruments
"""

struct Row:
    # Instrument id (128 bits), mark (64) and clearing price (64).
    word: uint256
    # Sixteen losses, as `packed_scan` reads them; zero without a report.
    risk: uint256
