"""What is handed over beside the code: pinned packages, containers without secrets, a README whose commands are run."""

import ast
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
OURS = {"migrate", "web", "worker", "beat"}
ONE_SHOT = {"migrate"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services() -> dict:
    return yaml.safe_load(read("docker-compose.yml"))["services"]


# --- Packages -------------------------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    return dict(line.split("==") for line in read("constraints.txt").splitlines())


def test_constraints_are_exact_sorted_and_name_no_place():
    lines = read("constraints.txt").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []
    assert lines == sorted(lines, key=str.lower)


def test_every_package_we_name_is_pinned_to_a_version_we_allow():
    project = tomllib.loads(read("pyproject.toml"))["project"]
    named = [Requirement(r) for r in [*project["dependencies"], *project["optional-dependencies"]["dev"]]]
    pinned = {canonicalize_name(name): version for name, version in pins().items()}
    wrong = [str(r) for r in named if not r.specifier.contains(pinned.get(canonicalize_name(r.name), "0.dev0"))]
    assert wrong == []


# --- Containers -----------------------------------------------------------------------------------------------------


def test_every_container_can_say_whether_it_is_well_or_runs_once(services):
    unhealthy = {name for name, service in services.items() if "test" not in service.get("healthcheck", {})}
    assert unhealthy == ONE_SHOT
    assert {name for name, service in services.items() if service["restart"] == "no"} == ONE_SHOT


def test_containers_know_no_secret_and_refuse_to_start_without_one(services):
    for service in services.values():
        for key, value in service.get("environment", {}).items():
            if re.search("SECRET|PASSWORD|KEY|TOKEN", key):
                assert re.fullmatch(rf"\$\{{{key}:\?[^}}]+\}}", value), key
            for password in re.findall(r"://[^:/@]*:(.+)@", value):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", password), key


def test_ports_are_open_to_this_machine_only(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_one_image_serves_web_worker_beat_and_migrate(services):
    assert {name for name, service in services.items() if "build" in service} == OURS
    assert {services[name]["image"] for name in OURS} == {"nachklang"}


def test_nothing_of_ours_starts_before_the_database_is_migrated(services):
    for name in OURS - ONE_SHOT:
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name


def test_the_image_runs_without_root_and_holds_no_secret():
    lines = read("Dockerfile").replace("\\\n", " ").splitlines()
    instructions = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    users = [argument for instruction, argument in instructions if instruction == "USER"]
    assert users == ["nachklang"]
    kept = [argument for instruction, argument in instructions if instruction in ("ENV", "ARG", "COPY", "ADD")]
    assert [argument for argument in kept if re.search("SECRET|PASSWORD|KEY|DATABASE_URL", argument)] == []


def test_the_image_is_built_from_the_source_alone():
    """The list of what goes in begins with “nothing”; data, keys and .env are not on it."""
    rules = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    taken = {rule[1:] for rule in rules if rule.startswith("!")}
    assert taken == {
        "LICENSE", "README.md", "analytics", "config", "constraints.txt", "feedback_loop", "manage.py",
        "pyproject.toml", "surveys",
    }  # fmt: skip


# --- Settings -------------------------------------------------------------------------------------------------------


def variables() -> set[str]:
    """Every variable that the settings read, but the one that `manage.py demo` sets for itself."""
    calls = (node for node in ast.walk(ast.parse(read("config/settings.py"))) if isinstance(node, ast.Call))
    read_from_env = {
        node.args[0].value
        for node in calls
        if isinstance(node.func, ast.Attribute)
        and getattr(node.func.value, "id", "") == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    return read_from_env - {"NACHKLANG_DEMO"}


def test_every_variable_is_explained_in_the_example():
    explained = set(re.findall(r"^#?([A-Z_]+)=", read(".env.example"), re.MULTILINE))
    assert explained == variables() | {"POSTGRES_PASSWORD"}


def test_the_example_sets_no_secret():
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", read(".env.example"), re.MULTILINE))
    assert values == {"SECRET_KEY": "", "POSTGRES_PASSWORD": ""}


def test_every_variable_stands_in_the_readme():
    assert sorted(name for name in variables() if f"`{name}`" not in read("README.md")) == []


# --- Commands -------------------------------------------------------------------------------------------------------


def test_the_two_commands_of_the_readme_are_the_ones_that_ci_runs():
    install = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt -e"
    demo, tests = f"{install} . && .venv/bin/python manage.py demo", f"{install} '.[dev]' && .venv/bin/pytest"
    assert [line for line in read("README.md").splitlines() if line.startswith("python3 -m venv")] == [demo, tests]
    ci = read(".ci/run")
    taken_from_readme = re.findall(r"^bash -euc \"\$\(readme_command '?(.*?)'?\)", ci, re.MULTILINE)
    assert taken_from_readme == [r"python manage\.py demo", "pytest"]
    pattern = re.search(r'grep -E "(.*)" README\.md', ci)[1].replace("\\$", "$")
    for ending, command in zip(taken_from_readme, (demo, tests), strict=True):
        found = subprocess.run(["grep", "-E", pattern.replace("$1", ending), ROOT / "README.md"], capture_output=True)
        assert found.stdout.decode() == command + "\n"


def test_ci_runs_on_servers_whatever_a_server_can_change():
    further = re.findall(r"^pytest.*?(?=  #|$)", read(".ci/run"), re.MULTILINE)
    assert further == ['pytest -m "stored or services or browser"']


def test_whatever_asks_for_a_database_is_marked_as_stored(request):
    """Without asking, pytest-django lets no test near it: so none is left out that a database can fail."""
    items = request.session.items
    asking = [
        item for item in items if item.get_closest_marker("django_db") or "_django_db_helper" in item.fixturenames
    ]
    assert [item.nodeid for item in asking if not item.get_closest_marker("stored")] == []


def test_ci_is_a_program_that_bash_can_read():
    assert os.access(ROOT / ".ci/run", os.X_OK)
    subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=True)
