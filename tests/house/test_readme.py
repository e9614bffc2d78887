"""README.md: what it tells a person to run, runs, and answers in the shape that it shows."""

import json
import re
from typing import Any

import typer.main
from websockets.sync.client import connect

from db.core.settings import CHECKOUT
from gql.cli import app
from tests.house.servers import Served, paste

README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
ALL = sorted(path for path in CHECKOUT.glob("*/README.md") if not path.parent.name.startswith("."))
BLOCKS: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SERVED_AT = "http://127.0.0.1:8000"


def block(language: str, word: str) -> str:
    """The one fenced block of a language in which a word stands."""
    (found,) = [text for name, text in BLOCKS if name == language and word in text]
    return found


def one_line(text: str) -> str:
    return " ".join(text.split())


def shape(value: Any) -> Any:
    """The names in an answer, without its values; of a list, those of its first item."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def test_the_query_and_its_curl_line_answer_as_shown(served: Served) -> None:
    query, pasted, shown = block("graphql", "calls("), block("", "curl"), json.loads(block("json", "calls"))
    assert one_line(query) in pasted
    answer = json.loads(paste(served, pasted.replace(SERVED_AT, served.base)))
    assert answer == served.post(query)
    assert set(answer) == {"data"}
    (call,) = answer["data"]["calls"]["nodes"]
    (shown_call,) = shown["data"]["calls"]["nodes"]
    assert list(call) == list(shown_call)
    assert list(call["contact"]) == list(shown_call["contact"])
    # Who of the demo called last depends on the day; somebody has one of each.
    many = query.replace("first: 1", "first: 100").replace("first: 2", "first: 1")
    shapes = [shape(node) for node in served.post(many)["data"]["calls"]["nodes"]]
    assert shape(shown_call) in shapes


def test_a_person_signs_in_as_it_says(served: Served) -> None:
    query = block("graphql", "signIn(")
    (email,) = re.findall(r'email: "([^"]+)"', query)
    passwords = json.loads((served.folder / "serve" / "demo-sign-ins.json").read_text())
    signed_in = served.post(query, {"password": passwords[email]})["data"]["signIn"]
    assert signed_in["errors"] == []
    assert served.post("{ viewer { kind } }", token=signed_in["accessToken"])["data"] == {"viewer": {"kind": "USER"}}


def test_the_change_does_what_it_says(served: Served) -> None:
    given = {"input": {"firstName": "Read", "lastName": "Me"}}
    made = served.post(block("graphql", "contactCreate("), given)["data"]["contactCreate"]
    assert made["errors"] == []
    assert made["contact"]["fullName"] == "Read Me"
    assert made["contact"]["version"] == 1
    refused = served.post(block("graphql", "contactCreate("), {"input": {}})["data"]["contactCreate"]
    assert [error["__typename"] for error in refused["errors"]] == ["ValidationFailed"]


def test_the_subscription_answers(served: Served) -> None:
    address = f"{served.base}/graphql".replace("http:", "ws:")
    query = block("graphql", "callStatusChanged(")
    token = served.token  # before there is a socket, which does not wait for it for ever
    with connect(address, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]  # a NewType of str
        socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        assert json.loads(socket.recv(timeout=60)) == {"type": "connection_ack"}
        payload = {"query": query, "variables": {"after": None}}
        socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
        told = []
        while "SnapshotEnd" not in told:
            answer = json.loads(socket.recv(timeout=60))
            assert (answer["type"], answer["id"]) == ("next", "1")
            assert "errors" not in answer["payload"]
            told.append(answer["payload"]["data"]["callStatusChanged"]["__typename"])
    assert set(told[:-1]) == {"CallSnapshotItem"}


def test_no_operation_of_the_readme_is_left_out() -> None:
    assert len([text for name, text in BLOCKS if name == "graphql"]) == 4  # one test above for each


def test_every_command_that_a_readme_names_exists() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    texts = [README, *(path.read_text(encoding="utf-8") for path in ALL)]
    named = {line for text in texts for line in re.findall(r"python3 run\.py((?: [a-z-]+)+)", text)}
    assert len(named) > 5
    for line in named:
        words = line.split()
        command = root if words[0].startswith("-") else root.commands[words[0]]
        while len(words) > 1 and isinstance(command, typer.core.TyperGroup):
            words = words[1:]
            command = command.commands[words[0]]
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("--")} <= options, line


def test_every_link_of_a_readme_leads_to_a_file() -> None:
    for path in (CHECKOUT / "README.md", *ALL):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
