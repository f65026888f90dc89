"""A web backend with one client for all its requests: GET /users/{name} shows a user of Alloy.

    python examples/web_backend.py                           # on an emulation of Alloy

Then: curl http://127.0.0.1:8000/users/ada.0@northwind.example
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from alloy_async import AlloyAsyncError, AsyncAlloy, NotFound
from alloy_async.sandbox import Sandbox

ALLOY = web.AppKey("alloy", AsyncAlloy)


async def show_user(request: web.Request) -> web.Response:
    alloy = request.app[ALLOY].with_options(deadline=5)
    try:
        user = await alloy.get_a_user(request.match_info["name"])
    except NotFound:
        return web.json_response({"error": "there is no such user"}, status=404)
    except AlloyAsyncError as error:
        return web.json_response({"error": "Alloy is away", "id": error.request_id}, status=502)
    return web.json_response({"id": user.user_id, "name": user.full_name})


async def connect(app: web.Application) -> AsyncIterator[None]:
    async with Sandbox("alloy") as sandbox, AsyncAlloy("key", base_url=sandbox.url) as alloy:
        app[ALLOY] = alloy
        yield


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/users/{name}", show_user)
    app.cleanup_ctx.append(connect)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8000)
