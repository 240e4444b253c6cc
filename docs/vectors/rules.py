"""Nonces spent in sequence, and the conditions on which an order executes."""

from dataclasses import replace
from typing import Any

from examples import ORDER, hex_text

from offbeat.core import Reason
from offbeat.intents import (
    Lane,
    check_leg_expiries,
    check_market,
    check_window,
    fee_bound_micros,
    make_nonce,
    spend,
)


def nonces() -> list[dict[str, Any]]:
    """Nonces spent one after another on an account that starts without lanes."""
    nonces = [
        *(make_nonce(1, 0), make_nonce(0, 0), make_nonce(0, 0)),
        *(make_nonce(0, 255), make_nonce(0, 254), make_nonce(0, 255)),
        *(make_nonce(0, 256), make_nonce(0, 0), make_nonce(0, 1), make_nonce(0, 1)),
        *(make_nonce(0, 512), make_nonce(0, 256), make_nonce(0, 257), make_nonce(0, 511)),
        *(make_nonce(1, 600), make_nonce(1, 344), make_nonce(1, 345), make_nonce(3, 0)),
        *(make_nonce(2, 2**56 - 1), make_nonce(2, 2**56 - 257), make_nonce(2, 2**56 - 2)),
        *(make_nonce(8, 0), make_nonce(255, 0)),
    ]
    lanes: tuple[Lane, ...] = ()
    steps = []
    for nonce in nonces:
        result = spend(lanes, nonce)
        if isinstance(result, tuple):
            lanes = result
        steps.append(
            {
                "nonce": str(nonce),
                "reason": result if isinstance(result, Reason) else None,
                "lanes": [
                    {"floor": str(lane.floor), "bitmap": hex_text(lane.bitmap.to_bytes(32))}
                    for lane in lanes
                ],
            }
        )
    return steps


def conditions() -> dict[str, Any]:
    """When an order may execute, and what a part of it may pay in fees."""
    start, end, day = ORDER.valid_from_seconds, ORDER.valid_until_seconds, 86_400
    expiry = ORDER.legs[0].instrument.expiry_seconds
    windows = [(start, end), (start - 1, end), (start, end + 1)]
    bounded = replace(ORDER, spot_min_micros=100, spot_max_micros=200)
    markets = [(ORDER, 0), *((bounded, spot) for spot in (99, 100, 200, 201))]
    markets += [(replace(bounded, spot_max_micros=0), 2**64 - 1)]
    fills = (0, 1_000, 999_000, ORDER.quantity_micros - 1_000, ORDER.quantity_micros)
    return {
        "windows": [
            {
                "validFrom": str(start),
                "validUntil": str(end),
                "time": str(time),
                "notAfter": str(not_after),
                "reason": check_window(ORDER, time, not_after),
            }
            for time, not_after in windows
        ],
        "legExpiries": [
            {
                "expiry": str(expiry),
                "notAfter": str(not_after),
                "reason": check_leg_expiries(ORDER, not_after),
            }
            for not_after in (expiry - day, expiry - 1, expiry)
        ],
        "markets": [
            {
                "spotMin": str(order.spot_min_micros),
                "spotMax": str(order.spot_max_micros),
                "spot": str(spot),
                "reason": check_market(order, spot),
            }
            for order, spot in markets
        ],
        "fees": [
            {
                "maxFee": str(ORDER.max_fee_micros),
                "quantity": str(ORDER.quantity_micros),
                "fill": str(fill),
                "bound": str(fee_bound_micros(ORDER, fill)),
            }
            for fill in fills
        ],
    }
