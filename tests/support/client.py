"""A client of the API for tests: signs in as somebody, runs operations over HTTP, and shows what they cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from db.core.session import Database
from tests.support import traffic


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    data: Any
    errors: list[dict[str, Any]]

    @property
    def codes(self) -> list[str]:
        """The codes of the errors, in their order."""
        return [error["extensions"]["code"] for error in self.errors]

    def ok(self) -> Any:
        """The data; fails the test when there was any error."""
        assert self.errors == [], self.errors
        return self.data


class Client:
    """One viewer's client. `statements` holds the SQL of the last run, without BEGIN, tenant and COMMIT.

    Every query runs twice: as planned, which is what counts, and on graphql-core, which must answer the same.
    """

    def __init__(
        self, http: httpx2.AsyncClient, reference: httpx2.AsyncClient, database: Database, headers: dict[str, str]
    ) -> None:
        self.http = http
        self.headers = {"content-type": "application/json", **headers}
        self.statements: list[str] = []
        self._reference = reference
        self._database = database

    async def run(self, query: str, variables: Mapping[str, Any] | None = None) -> Answer:
        """Run one operation."""
        body = {"query": query, "variables": variables}
        self.statements = []
        self._database.observers.append(self._note)
        try:
            response = await self.http.post("/graphql", json=body, headers=self.headers)
        finally:
            self._database.observers.remove(self._note)
        answer = _answer(response)
        traffic.record(query, answer.data, answer.errors)
        if is_query(query):
            referred = _answer(await self._reference.post("/graphql", json=body, headers=self.headers))
            assert answer.data == referred.data
            assert {_known(error) for error in answer.errors} == {_known(error) for error in referred.errors}
        return answer

    async def post(self, body: Any, *, accept: str) -> httpx2.Response:
        """Send a JSON body and return the whole response."""
        return await self.http.post("/graphql", json=body, headers={**self.headers, "accept": accept})

    def _note(self, statement: str) -> None:
        if "app.set_tenant" not in statement:
            self.statements.append(statement)


def is_query(text: str) -> bool:
    """Whether a document only reads."""
    try:
        definitions = parse(text).definitions
    except GraphQLError:
        return False
    operations = [part for part in definitions if isinstance(part, OperationDefinitionNode)]
    return all(operation.operation is OperationType.QUERY for operation in operations)


def _answer(response: httpx2.Response) -> Answer:
    body = response.json()
    return Answer(response.status_code, body.get("data"), body.get("errors", []))


def _known(error: dict[str, Any]) -> tuple[Any, ...]:
    return (*error.get("path", ()), error["extensions"]["code"])
