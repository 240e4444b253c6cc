"""What operators ask: is it alive, is it ready, how much does it do."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from offbeat.node.api.bodies import json_response
from offbeat.node.api.context import Api
from offbeat.node.api.problems import problem, problem_response


async def get_liveness(_api: Api, _request: Request) -> Response:
    """The process answers."""
    return json_response({"status": "live"})


async def get_readiness(api: Api, _: Request) -> Response:
    """The relay takes new work; otherwise a problem with the first trouble's code."""
    troubles = api.service.troubles()
    if not troubles:
        return json_response({"status": "ready"})
    detail = "; ".join(f"{each.code}: {each.message}" for each in troubles)
    return problem_response(problem(503, str(troubles[0].code), detail, retryable=True))


async def get_metrics(api: Api, _: Request) -> Response:
    """Everything that is measured, as Prometheus reads it."""
    return Response(generate_latest(api.metrics.registry), media_type=CONTENT_TYPE_LATEST)
