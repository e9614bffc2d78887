"""The command line: its words and options. What they do is in `commands`, `serving` and `checks`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="One GraphQL API for customers, insurance, sales, calls and voice agents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
schema_app = typer.Typer(no_args_is_help=True, help="Print or check the GraphQL schema.")
app.add_typer(schema_app, name="schema")

PROGRAM = "python3 run.py"
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


class Size(StrEnum):
    """How much demo data to load."""

    SMALL = "small"
    LARGE = "large"


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on [LISTEN_HOST, 127.0.0.1].")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one [PORT, 8000].")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes [WORKERS, 1].")] = None,
    demo: Annotated[
        bool | None,
        typer.Option("--demo/--no-demo", help="Load demo data [DEMO; only into the embedded PostgreSQL]."),
    ] = None,
) -> None:
    """Start the server: with an embedded PostgreSQL, or the one of DATABASE_URL and DATABASE_OWNER_URL."""
    from gql import serving

    chosen = {"LISTEN_HOST": host, "PORT": port, "WORKERS": workers, "DEMO": demo}
    raise typer.Exit(serving.serve({name: str(value) for name, value in chosen.items() if value is not None}))


@app.command()
def worker() -> None:
    """Do what falls due, in a process of its own: tell webhook endpoints of events, forget what is too old."""
    from gql.worker import work

    raise typer.Exit(work())


@app.command(context_settings=PASS_ON)
def test(context: typer.Context) -> None:
    """Run every check that has an end. Further arguments go to pytest, and then only pytest runs."""
    from gql import checks

    raise typer.Exit(checks.test(context.args))


@app.command(context_settings=PASS_ON)
def prove(context: typer.Context) -> None:
    """Run long checks by name: prove PART…; without one, list them. Options after the names go to pytest."""
    from gql import checks

    raise typer.Exit(checks.prove(context.args))


@app.command(context_settings={**PASS_ON, "help_option_names": []})
def bench(context: typer.Context) -> None:
    """Measure this server beside hand-written code and other servers; writes bench/README.md."""
    from bench import command

    raise typer.Exit(command.run(context.args))


@app.command()
def token(
    email: Annotated[str | None, typer.Option(help="Whose token; the tenant's administrator's if absent.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Short name of the tenant; the demo tenant if absent.")] = None,
) -> None:
    """Print an access token, alone on standard output."""
    from gql import commands

    typer.echo(commands.token(email, tenant))


@app.command()
def migrate(
    new: Annotated[
        str | None,
        typer.Option(metavar="TITLE", help="Draft a revision instead, from what the rows declare: 'add widgets'."),
    ] = None,
) -> None:
    """Bring the database to the newest revision and grant the application role its rights."""
    from gql import commands

    if new is not None:
        raise typer.Exit(commands.draft_migration(new))
    commands.migrate()


@app.command()
def seed(
    size: Annotated[Size, typer.Option(help="How much.")] = Size.SMALL,
) -> None:
    """Load demo data and print its sign-ins; data that are there already stay as they are."""
    from gql import commands

    commands.seed(size.value)


@app.command()
def settings() -> None:
    """Print the environment variables that are read, with their defaults, as the README's table."""
    typer.echo("\n".join(settings_rows()))


def settings_rows() -> list[str]:
    """The lines of the table of settings, in Markdown."""
    from gql.settings import settings_table

    rows = [f"| `{name}` | {f'`{default}`' if default else ''} | {text} |" for name, default, text in settings_table()]
    return ["| Variable | Default | What it sets |", "|---|---|---|", *rows]


@schema_app.command("print")
def schema_print() -> None:
    """Print the schema that the code makes, as it belongs into schema.graphql."""
    from gql import schema_check

    typer.echo(schema_check.printed(), nl=False)


@schema_app.command("check")
def schema_check_command(
    folder: Annotated[Path, typer.Option(help="Checkout to look at.", hidden=True)] = Path(),
) -> None:
    """Fail when schema.graphql is not what the code makes, or breaks what clients rely on (the baseline)."""
    from gql import schema_check

    complaints = schema_check.check(folder)
    for complaint in complaints:
        typer.echo(complaint, err=True)
    raise typer.Exit(1 if complaints else 0)


def main() -> None:
    """Run the command line. What a person can mend is one sentence and code 1, not a stack trace."""
    from pydantic import ValidationError

    from db.core.embedded import EmbeddedPostgresError
    from db.core.prepare import DatabaseUnreachable
    from db.core.roles import RoleRefused
    from gql.commands import Misconfigured

    try:
        app(prog_name=PROGRAM)
    except (EmbeddedPostgresError, DatabaseUnreachable, RoleRefused, Misconfigured) as error:
        typer.echo(f"{PROGRAM}: {error}", err=True)
        raise SystemExit(1) from None
    except ValidationError as error:
        for wrong in error.errors():
            name = ".".join(str(part) for part in wrong["loc"]).upper()
            typer.echo(f"{PROGRAM}: {name}: {wrong['msg'].removeprefix('Value error, ')}", err=True)
        raise SystemExit(1) from None
