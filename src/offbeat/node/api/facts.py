"""What does not change from request to request: where to sign, and which bounds hold."""

from starlette.requests import Request
from starlette.responses import Response

from offbeat.core import limits as protocol_limits
from offbeat.intents import Cancel, Delegate, Order, Transfer, Withdraw, domain_members, types_of
from offbeat.node.api.bodies import json_response
from offbeat.node.api.context import Api
from offbeat.wire import DomainView, LimitsView

_PRIMARY_TYPES = [each.__name__ for each in (Order, Cancel, Withdraw, Transfer, Delegate)]


async def get_domain(api: Api, _: Request) -> Response:
    """The EIP-712 domain and types: enough for any wallet to sign."""
    service = api.service
    view = DomainView(
        domain=domain_members(service.rules.domain),
        types={
            name: members for each in _PRIMARY_TYPES for name, members in types_of(each).items()
        },
        primary_types=_PRIMARY_TYPES,
        cash_symbol=service.rules.cash_symbol,
        deployment=service.deployment.to_json(),
    )
    return json_response(view)


async def get_limits(api: Api, _: Request) -> Response:
    """The bounds of this node and of the protocol."""
    protocol = {
        name.lower(): str(value)
        for name, value in vars(protocol_limits).items()
        if name.isupper() and isinstance(value, int)
    }
    return json_response(LimitsView(node=api.limits.as_json(), protocol=protocol))
