"""GraphQL over HTTP: from a request to an operation, and from an answer to a response."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from graphql import OperationType
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gql.core.negotiation import GRAPHQL_JSON, JSON, accepted
from gql.execution.errors import describe
from gql.execution.run import Answer, Executor, dumps
from resolvers.core.context import Context, Request, Services
from resolvers.core.errors import Refusal
from resolvers.core.viewer import Viewer

STATUS_OF: Final[Mapping[str, int]] = {
    "UNAUTHENTICATED": 401,
    "SERVICE_UNAVAILABLE": 503,
    "INTERNAL_ERROR": 500,
}

Authenticate = Callable[[HttpRequest], Awaitable[Viewer | None]]


class HttpRefusal(Refusal):
    """A request that is no GraphQL request; `status` is its HTTP status."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a GraphQL request."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


OpenStream = Callable[[HttpRequest, Asked, Viewer | None], ASGIApp]


class GraphQLEndpoint:
    """`/graphql`: POST with a JSON body, or GET with a query. Mutations need POST.

    What the client would rather have as an event stream, and every subscription of one who takes such, is answered by
    what `open_stream` returns; it raises HttpRefusal.
    """

    def __init__(
        self,
        executor: Executor,
        services: Services,
        authenticate: Authenticate,
        open_stream: OpenStream,
        *,
        max_body_bytes: int,
    ) -> None:
        self._executor = executor
        self._services = services
        self._authenticate = authenticate
        self._open_stream = open_stream
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. As an ASGI application, a tenth faster than a function that Starlette wraps."""
        response = await self._answer(HttpRequest(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: HttpRequest) -> ASGIApp:
        wanted = accepted(request.headers.get("accept", ""))
        media_type = wanted.json
        try:
            asked = await self._asked(request)
            viewer = await self._authenticate(request)
            if wanted.may_stream or request.method == "GET":
                kind = self._kind(asked, viewer, request)
                _check_method(request, kind)
                if wanted.is_stream_preferred or (wanted.may_stream and kind is OperationType.SUBSCRIPTION):
                    return self._open_stream(request, asked, viewer)
        except HttpRefusal as refusal:
            return _respond(Answer(None, describe(refusal), False), refusal.status, media_type, refusal.headers)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:  # describe masks what it does not know
            errors = describe(error)
            status = STATUS_OF.get(errors[0]["extensions"]["code"], 400)
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # the HTTP status
            return _respond(Answer(None, errors, False), status, media_type, headers)
        return await self._run(request, asked, viewer, media_type)

    async def _run(self, request: HttpRequest, asked: Asked, viewer: Viewer | None, media_type: str) -> Response:
        context = Context(self._services, viewer, request_of(request))
        try:
            answer = await self._executor.answer(
                context, asked.query, asked.variables, asked.operation_name, is_explained=is_explained(request)
            )
        finally:
            await context.close()
        return _respond(answer, _status(answer, media_type), media_type)

    def _kind(self, asked: Asked, viewer: Viewer | None, request: HttpRequest) -> OperationType | None:
        """What kind of operation it is; None for what cannot run."""
        context = Context(self._services, viewer, request_of(request))
        try:
            return self._executor.prepare(asked.query, asked.variables, asked.operation_name, context).kind
        except Exception:  # the run itself reports it
            return None

    async def _asked(self, request: HttpRequest) -> Asked:
        if request.method == "GET":
            given: Any = dict(request.query_params)
            if "variables" in given:
                given["variables"] = _json(given["variables"].encode())
        elif request.method == "POST":
            _check_content_type(request)
            given = _json(await self._body(request))
        else:
            raise HttpRefusal(405, "METHOD_NOT_ALLOWED", "Use POST.", {"Allow": "GET, POST"})
        return _parameters(given)

    async def _body(self, request: HttpRequest) -> bytes:
        chunks: list[bytes] = []
        size = 0
        has_more = True
        while has_more:  # as request.stream(), in half its time
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            chunk, has_more = message.get("body", b""), message.get("more_body", False)
            size += len(chunk)
            if size > self._max_body_bytes:
                raise HttpRefusal(
                    413,
                    "REQUEST_TOO_LARGE",
                    f"A request may have {self._max_body_bytes} bytes.",
                    {"Connection": "close"},
                )
            chunks.append(chunk)
        return b"".join(chunks)


def _check_method(request: HttpRequest, kind: OperationType | None) -> None:
    if request.method == "GET" and kind is OperationType.MUTATION:
        message = "A mutation needs POST: a GET may be repeated by anybody on the way."
        raise HttpRefusal(405, "METHOD_NOT_ALLOWED", message, {"Allow": "POST"})


def is_explained(request: HttpRequest) -> bool:
    """Whether the client asks what the operation takes, in `extensions.explain`."""
    return request.headers.get("x-explain") == "1"


def request_of(request: Any) -> Request:
    """What the audit log keeps of an HTTP request or WebSocket; gathered once."""
    state = request.scope["state"]
    found: Request | None = state.get("request")
    if found is None:
        client = request.client
        found = state["request"] = Request(
            id=state["request_id"],
            ip_address=client.host if client else None,
            user_agent=request.headers.get("user-agent", "")[:500] or None,
        )
    return found


def _check_content_type(request: HttpRequest) -> None:
    given = request.headers.get("content-type", "")
    if given == JSON:
        return
    content_type, _, parameters = given.partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"').lower()
    if content_type.strip().lower() != JSON or charset not in {"", "utf-8", "utf8"}:
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Send {JSON}, in UTF-8.")


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HttpRefusal(400, "BAD_REQUEST", f"This is not JSON: {error}.") from error


def _parameters(given: Any) -> Asked:
    if not isinstance(given, dict):
        raise HttpRefusal(400, "BAD_REQUEST", "A GraphQL request is a JSON object.")
    query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
    if not isinstance(query, str) or not query.strip():
        raise HttpRefusal(400, "BAD_REQUEST", "query must be the text of a GraphQL document.")
    if variables is not None and not isinstance(variables, dict):
        raise HttpRefusal(400, "BAD_REQUEST", "variables must be an object.")
    if name is not None and not isinstance(name, str):
        raise HttpRefusal(400, "BAD_REQUEST", "operationName must be text.")
    return Asked(query, variables, name or None)


def _status(answer: Answer, media_type: str) -> int:
    if not answer.errors:
        return 200
    codes = {error["extensions"]["code"] for error in answer.errors}
    is_empty = answer.data is None or not any(value is not None for value in answer.data.values())
    if is_empty and codes == {"SERVICE_UNAVAILABLE"}:
        return 503
    if not answer.is_executed and media_type == GRAPHQL_JSON:
        return 400
    return 200


def _respond(answer: Answer, status: int, media_type: str, headers: Mapping[str, str] | None = None) -> Response:
    return Response(dumps(answer.body()), status, dict(headers or {}), media_type=f"{media_type}; charset=utf-8")
