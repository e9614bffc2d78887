"""The endpoints that take reports from outside: form-encoded callbacks of telephony providers."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final

import structlog
from python_multipart.exceptions import FormParserError
from starlette.formparsers import FormParser, MultiPartException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gql.core.http import HttpRefusal, request_of
from gql.execution.errors import describe
from gql.settings import ServerSettings
from resolvers.core.context import Services
from resolvers.core.errors import RULE_ERRORS, from_rule
from resolvers.ingest import receive_twilio

log = structlog.get_logger(__name__)

MAX_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 500
FORM: Final = "application/x-www-form-urlencoded"
RETRY_SECONDS: Final = 5

# 503 for whatever another attempt may cure: providers repeat it, and give up a report that was answered by 4xx.
STATUS_OF: Final[Mapping[str, int]] = {
    "UNKNOWN_ADDRESS": 404,
    "INTEGRATION_REVOKED": 410,
    "BAD_SIGNATURE": 403,
    "VALIDATION_FAILED": 400,
    "BAD_USER_INPUT": 400,
    "CONFLICT": 503,
    "NOT_FOUND": 503,
    "TIMEOUT": 503,
    "SERVICE_UNAVAILABLE": 503,
}


def routes(services: Services, settings: ServerSettings) -> list[Route]:
    """The routes of all ingest addresses."""
    ingest = Ingest(services, settings.public_url)
    return [Route("/ingest/calls/twilio/{address}", ingest.twilio, methods=["POST"])]


class Ingest:
    """The endpoints. `public_url` is how providers reach this server, which is what they sign."""

    def __init__(self, services: Services, public_url: str | None) -> None:
        self._services = services
        self._public_url = public_url

    async def twilio(self, request: HttpRequest) -> Response:
        """Take Twilio's status callback: 204 once it is committed, else an error with its code."""
        try:
            parameters = await _form(request)
            signature = request.headers.get("x-twilio-signature", "")
            signed = (self._url(request), parameters, signature)
            outcome = await receive_twilio(self._services, request_of(request), request.path_params["address"], signed)
        except HttpRefusal as refusal:
            return _refused(refusal.status, refusal.code, refusal.message, refusal.headers)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except RULE_ERRORS as error:
            return _refused_by(from_rule(error)[0])
        except Exception as error:  # describe masks what it does not know
            return _refused_by(error)
        if outcome.errors:
            return _refused_by(outcome.errors[0])
        return Response(status_code=204)

    def _url(self, request: HttpRequest) -> str:
        """The URL that the provider called. Behind a proxy the request's own names another host or scheme."""
        if self._public_url is None:
            return str(request.url)
        query = request.url.query
        return f"{self._public_url}{request.url.path}{'?' if query else ''}{query}"


async def _form(request: HttpRequest) -> list[tuple[str, str]]:
    """All parameters of a form-encoded body, those that come more than once too. Raises HttpRefusal."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise HttpRefusal(415, "UNSUPPORTED_MEDIA_TYPE", f"Send {FORM}.")
    parser = FormParser(request.headers, _bounded(request), max_fields=MAX_FIELDS)
    try:
        form = await parser.parse()
    except (FormParserError, MultiPartException) as error:
        raise HttpRefusal(400, "BAD_REQUEST", "This is no form, or one of too many fields.") from error
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


async def _bounded(request: HttpRequest) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            message = f"A report may have {MAX_BYTES} bytes."
            raise HttpRefusal(413, "REQUEST_TOO_LARGE", message, {"Connection": "close"})
        yield chunk


def _refused_by(error: BaseException) -> Response:
    entry: dict[str, Any] = describe(error)[0]
    code = entry["extensions"]["code"]
    status = STATUS_OF.get(code, 500)
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}  # the HTTP status
    return _refused(status, code, entry["message"], headers)


def _refused(status: int, code: str, message: str, headers: Mapping[str, str]) -> Response:
    log.warning("report_refused", status=status, code=code)
    return JSONResponse({"code": code, "message": message}, status, headers)
