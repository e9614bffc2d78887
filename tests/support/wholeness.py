"""A pytest plugin: after a run of all tests, fails it when a root field of the schema was not exercised."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from graphql import OperationType

from tests.support import traffic


def pytest_configure(config: pytest.Config) -> None:
    """Give the run, and the workers that it starts, a folder for their traffic."""
    if not is_worker(config):
        os.environ[traffic.FOLDER] = tempfile.mkdtemp(prefix="customer-graph-traffic-")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Compare the traffic with the schema, once, where the run was started."""
    if is_worker(session.config):
        return
    folder = Path(os.environ.pop(traffic.FOLDER))
    if is_whole(session.config) and session.exitstatus == pytest.ExitCode.OK:
        from gql.schema import schema

        roots = {
            operation.value.capitalize(): root.fields
            for operation in OperationType
            if (root := schema._schema.get_root_type(operation)) is not None
        }
        missing = traffic.gaps(folder, roots)
        if missing:
            print("\n" + "\n".join(missing))  # noqa: T201  # pytest's own report is over
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
    shutil.rmtree(folder, ignore_errors=True)


def is_worker(config: pytest.Config) -> bool:
    """Whether this process was started by pytest-xdist."""
    return hasattr(config, "workerinput")


def is_whole(config: pytest.Config) -> bool:
    """Whether all tests were asked for."""
    options = config.option
    return (
        config.args == [str(path) for path in config.getini("testpaths")]
        and not options.keyword
        and not options.markexpr
        and not getattr(options, "lf", False)
        and not options.deselect
    )
