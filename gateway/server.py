"""Server: one gateway process. It constructs the parts, serves, and drains when it is asked to stop.

Order of starting: the venue, then the parts, then the port; of ending: the port, the sessions with their promised
cancels, the parts, the venue. The port may be shared by several gateway processes (SO_REUSEPORT).
"""

from __future__ import annotations

import asyncio
import gc
import os
from typing import TYPE_CHECKING, Any, Final

import structlog
from aiohttp import web, web_response

from gateway.directory import Directory
from gateway.errors import ServerEnded
from gateway.feeds.accounts import AccountQueries
from gateway.feeds.fanout import Fanout
from gateway.http import listing_routes, market_routes, middleware, operator_routes, order_routes, page_routes
from gateway.http.listener import Door
from gateway.identity.jwks import Jwks
from gateway.identity.tokens import Identity
from gateway.orders import Orders
from gateway.server_log import ServerLog
from gateway.services import Services
from gateway.sessions import Sessions
from gateway.throttle import Throttle
from gateway.websocket import socket
from streams.settings import StreamSettings
from streams.venue import Venue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from gateway.http.call import Call
    from gateway.settings import GatewaySettings

COLLECTION_THRESHOLDS: Final = (10_000, 50, 20)
"""The collector's thresholds: a request's objects die without the collector, an ended session's need one run."""

log = structlog.get_logger()


async def run(settings: GatewaySettings, stop: asyncio.Event, streams: StreamSettings | None = None) -> None:
    """Serve until `stop`, then drain. `streams` are read from the environment if they are not given."""
    opening = asyncio.create_task(Venue.open(streams or StreamSettings.from_environment(os.environ), "gateway"))
    await first_of(asyncio.wait([opening]), stop.wait())
    if not opening.done():
        opening.cancel()
        await asyncio.wait([opening])
        return
    venue = opening.result()
    # Objects loaded by now stay for good: the collector need not scan them again, and sessions' objects only seldom.
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    try:
        async with asyncio.TaskGroup() as tasks:
            services = make_services(settings, venue, tasks)
            await serve(services, stop)
            raise ServerEnded  # noqa: TRY301 - the way to end a task group whose tasks run for ever
    except* ServerEnded:
        log.info("gateway.ended")
    finally:
        await venue.close()


def make_services(settings: GatewaySettings, venue: Venue, tasks: asyncio.TaskGroup) -> Services:
    """The parts of a gateway, started in `tasks`."""
    keys = Jwks(settings.jwks) if settings.jwks else None
    directory = Directory(venue)
    sessions = Sessions(settings, tasks)
    services = Services(
        settings=settings,
        venue=venue,
        identity=Identity.from_settings(settings, keys),
        throttle=Throttle.from_settings(settings),
        directory=directory,
        orders=Orders(venue, directory, settings),
        accounts=AccountQueries(venue),
        fanout=Fanout(venue, directory, tasks),
        sessions=sessions,
        tasks=tasks,
    )
    tasks.create_task(directory.run())
    tasks.create_task(sessions.run())
    if keys is not None:
        tasks.create_task(keys.run())
    return services


async def serve(services: Services, stop: asyncio.Event) -> None:
    """Listen until `stop`, or until NATS is lost for good, then drain."""
    runner = make_runner(services)
    await runner.setup()
    try:
        listening = await open_door(runner, services.settings)
        addresses = [each.getsockname() for each in listening.sockets]
        log.info("gateway.ready", addresses=addresses, partitions=services.venue.partitions)
        await first_of(stop.wait(), services.venue.closed.wait())
        listening.close()
        await services.sessions.drain()
    finally:
        await runner.cleanup()


async def open_door(runner: web.AppRunner, settings: GatewaySettings) -> asyncio.Server:
    """Start listening on the port."""
    assert runner.server is not None, "the runner is set up"
    return await Door(runner.server, settings, runner.app[middleware.newcomers_key]).open()


def make_runner(services: Services) -> web.AppRunner:
    """The gateway as an aiohttp runner."""
    # Bytes that are no HTTP never reach our middleware: aiohttp answers them under its own name and version.
    web_response.SERVER_SOFTWARE = middleware.SERVER  # type: ignore[attr-defined]
    settings = services.settings
    return web.AppRunner(
        make_application(services),
        access_log=None,
        handle_signals=False,
        logger=ServerLog(),
        keepalive_timeout=settings.keepalive_seconds,
        shutdown_timeout=settings.drain_seconds,
    )


def make_application(services: Services) -> web.Application:
    """The application with all routes."""

    async def get_socket(call: Call) -> web.StreamResponse:
        return await socket.serve(call.request, services, call.address, call.token)

    application = web.Application(
        middlewares=[middleware.answering(services)], client_max_size=services.settings.frame_bytes
    )
    application[middleware.newcomers_key] = set()
    application.on_response_prepare.append(middleware.finish)
    for method, path, handler in (
        *market_routes.ROUTES,
        *order_routes.ROUTES,
        *listing_routes.ROUTES,
        *operator_routes.ROUTES,
        *page_routes.ROUTES,
    ):
        add_route(application, method, path, middleware.route(handler))
    add_route(application, "GET", "/v1/ws", middleware.route(get_socket))
    return application


def add_route(
    application: web.Application, method: str, path: str, handler: Callable[..., Awaitable[web.StreamResponse]]
) -> None:
    """Add a route; a route for GET answers HEAD too (RFC 9110, 9.1), and aiohttp leaves the content out."""
    resource = application.router.add_resource(path)
    resource.add_route(method, handler)
    if method == "GET":
        resource.add_route("HEAD", handler)


async def first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of these is done, and cancel the others."""
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
