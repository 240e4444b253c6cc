"""What can be asked about intents and accounts."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import InvalidInput
from offbeat.intents import parse_address
from offbeat.node.api.bodies import hex_bytes, json_response
from offbeat.node.api.context import Api
from offbeat.node.api.showing import describe_account, intent_view
from offbeat.rulebook import account_id

_ADDRESS_TEXT = 42


async def get_intent(api: Api, request: Request) -> Response:
    """One intent by its hash."""
    intent_hash = hex_bytes(request.path_params["intent_hash"], 32, "an intent hash")
    row = await api.service.store.intent(intent_hash)
    if row is None:
        raise InvalidInput("intent_unknown", "this relay has no intent with that hash")
    return json_response(intent_view(row))


async def get_account(api: Api, request: Request) -> Response:
    """One account: its record, its balances and which nonces are free."""
    return json_response(await describe_account(api.service, _account(request)))


async def get_account_intents(api: Api, request: Request) -> Response:
    """An account's open intents as they were recorded, page by page."""
    store, account = api.service.store, _account(request).to_bytes(24)
    limit = whole_query(request, "limit", 100, api.limits.max_page)
    after = None
    if cursor := request.query_params.get("cursor"):
        after = await store.intent(_read_cursor(cursor))
        if after is None or after.account != account:
            raise InvalidInput("cursor_invalid", "no page of this account has that cursor")
    rows = await store.open_intents(account=account, after=after, limit=limit)
    headers = {}
    if len(rows) == limit:
        following = request.url.include_query_params(cursor=_cursor(rows[-1].intent_hash))
        headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    return json_response(list(map(intent_view, rows)), headers=headers)


def whole_query(request: Request, name: str, default: int, most: int) -> int:
    """A whole number from 1 to ``most``; raises :class:`InvalidInput`, ``parameter_invalid``."""
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise InvalidInput("parameter_invalid", f"{name} is a whole number from 1 to {most}")
    return int(text)


def _account(request: Request) -> int:
    """The account in the path: an id, or an owner's address with ``index`` in the query."""
    text = request.path_params["account_id"]
    if len(text) != _ADDRESS_TEXT:
        return int.from_bytes(hex_bytes(text, 24, "an account id"))
    index = request.query_params.get("index", "0")
    if not (index.isascii() and index.isdecimal() and len(index) <= 10 and int(index) >> 32 == 0):
        raise InvalidInput("parameter_invalid", "index is a whole number of 32 bits")
    return account_id(parse_address(text), int(index))


def _cursor(intent_hash: bytes) -> str:
    return urlsafe_b64encode(intent_hash).decode().rstrip("=")


def _read_cursor(text: str) -> bytes:
    try:
        intent_hash = urlsafe_b64decode(text.encode() + b"=")
    except ValueError:
        intent_hash = b""
    if len(intent_hash) != 32:
        raise InvalidInput("cursor_invalid", "no page has that cursor")
    return intent_hash
