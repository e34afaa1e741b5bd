"""The plan of the house, read from its source: who may import whom, what a module may be called, how long it may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("surveys", "analytics", "feedback_loop")
HOUSE = (*APPS, "config")

# app → the modules of each app before it that it may import: surveys ← analytics ← feedback_loop.
MAY_IMPORT = {
    "surveys": set(),
    "analytics": {"surveys.models", "surveys.signals", "surveys.bulk"},  # bulk: statements over many rows, whosever
    "feedback_loop": {
        "surveys.models", "surveys.signals", "surveys.delivery",
        "analytics.queries", "analytics.scores", "analytics.periods", "analytics.models",
        "analytics.figures", "analytics.charts", "analytics.text",  # how numbers and words are written: pure
        "analytics.counts", "analytics.look", "analytics.breakdowns", "analytics.impact", "analytics.demand",
        "analytics.drivers", "analytics.honesty", "analytics.small_groups", "analytics.solved", "analytics.disclosure",
        "analytics.matters", "analytics.teams", "analytics.series",
    },
}  # fmt: skip
# What shows rows to people may also use how the app before it shows them: the same reach, columns and words.
PAGES = {"admin", "templatetags", "dashboards"}
PAGES_MAY_IMPORT = {"surveys.admin", "surveys.admin_scope", "surveys.templatetags", "surveys.tables", "analytics.admin",
                    "analytics.templatetags"}  # fmt: skip
# What tells programs shows its keys and writes its files as the app before it does.
API = {"api", "api_urls"}
API_MAY_IMPORT = {"surveys.api_keys", "surveys.tables", "analytics.api"}
# Commands run the schedule and the server; the demo plays the provider's staff, who write surveys and exclude answers.
COMMANDS = {"management", "demo"}
COMMANDS_MAY_IMPORT = {"config.celery", "config.wsgi", "surveys.authoring", "surveys.exclusions"}

NO_NAMES = {"services", "selectors", "utils", "helpers", "common", "core"}
LONGEST_MODULE, LONGEST_MODELS = 400, 500
LONGEST_FUNCTION, MOST_FUNCTIONS = 60, 30


def modules(*apps: str) -> list[Path]:
    return [
        path.relative_to(ROOT)
        for app in apps
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def imported(path: Path) -> Iterator[str]:
    """Every module (or name in a module) of the house that a file imports, in full, wherever in the file it does so."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = path.parts[: len(path.parts) - node.level] if node.level else ()
            base = ".".join([*package, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in HOUSE)


def allowed(path: Path) -> set[str]:
    """What a file may import of other apps."""
    app, room = path.parts[0], Path(path.parts[1]).stem
    return (
        MAY_IMPORT[app]
        | (PAGES_MAY_IMPORT if app != "surveys" and room in PAGES else set())
        | (API_MAY_IMPORT if app != "surveys" and room in API else set())
        | (COMMANDS_MAY_IMPORT if room in COMMANDS else set())
    )


def is_within(name: str, module: str) -> bool:
    return f"{name}.".startswith(f"{module}.")


def test_imports_run_in_one_direction():
    wrong = [
        f"{path} imports {name}"
        for path in modules(*APPS)
        for name in imported(path)
        if name.split(".")[0] != path.parts[0] and not any(is_within(name, module) for module in allowed(path))
    ]
    assert wrong == []


def test_the_configuration_knows_apps_as_strings_only():
    names = [f"{path} imports {name}" for path in modules("config") for name in imported(path)]
    assert [line for line in names if line.split()[-1].split(".")[0] in APPS] == []


def test_the_reader_of_imports_sees_every_way_to_write_one(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    source = tmp_path / "surveys" / "delivery" / "sms.py"
    source.parent.mkdir(parents=True)
    source.write_text(
        "import analytics.queries as q\nfrom analytics import scores\nfrom ..models import Client\n"
        "def later():\n    from feedback_loop.cases import open_for\nfrom . import links\nimport json\n"
    )
    assert sorted(imported(Path("surveys/delivery/sms.py"))) == [
        "analytics.queries", "analytics.scores", "feedback_loop.cases.open_for", "surveys.delivery.links",
        "surveys.models.Client",
    ]  # fmt: skip


def test_no_drawer_is_called_after_nothing():
    assert [str(p) for p in modules(*HOUSE) if NO_NAMES & {part.removesuffix(".py") for part in p.parts}] == []


def test_modules_stay_short_enough_to_read():
    """Lists of sentences for the demo are data."""
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in modules(*HOUSE)}
    long = {
        str(path): length
        for path, length in lengths.items()
        if length > (LONGEST_MODELS if "models" in path.as_posix() else LONGEST_MODULE)
        and not path.name.startswith("phrases_")
    }
    assert long == {}


def test_functions_stay_short():
    lengths = sorted(
        (node.end_lineno - node.lineno + 1, f"{path}:{node.lineno} {node.name}")
        for path in modules(*HOUSE)
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert [name for length, name in lengths if length > LONGEST_FUNCTION] == []
    assert lengths[len(lengths) * 9 // 10][0] <= MOST_FUNCTIONS


def test_each_app_says_what_it_owns():
    for app in HOUSE:
        assert ast.get_docstring(ast.parse((ROOT / app / "__init__.py").read_text(encoding="utf-8"))), app
