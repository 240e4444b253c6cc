"""A relay's HTTP and WebSocket API: what it answers is described in :mod:`offbeat.wire`."""

from offbeat.node.api.app import create_app
from offbeat.node.api.openapi import openapi_document
from offbeat.node.api.server import server_config
from offbeat.node.api.settings import ApiLimits

__all__ = ["ApiLimits", "create_app", "openapi_document", "server_config"]
