"""docs/architecture.md is the tree's, and the tree keeps to it."""

import ast
import re

import pytest
from conftest import ROOT

PACKAGE = ROOT / "textsketch"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def modules() -> dict[str, ast.Module]:
    """Every module of the package by name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


MODULES = modules()


def imported(tree: ast.Module) -> set[str]:
    """The package's modules that a module imports, in functions and for types too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "textsketch":
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
    return found


def test_every_room_is_on_the_page_and_every_room_of_the_page_is_there():
    rooms = {path.name + "/" if path.is_dir() else path.name for path in PACKAGE.iterdir()}
    rooms = {room for room in rooms if room.endswith((".py", "/")) and not room.startswith("_")}
    table = PAGE.split("## Rooms")[1].split("## ")[0]
    first_column = "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))
    assert set(re.findall(r"`([\w./]+)`", first_column)) == rooms


def test_every_path_and_module_the_page_names_is_there():
    named = re.findall(r"`((?:[a-z_]+/)+(?:[a-z_]+\.(?:py|md))?|[a-z_]+\.py)`", PAGE)
    assert len(named) > 20
    for name in named:
        assert any((folder / name).exists() for folder in (ROOT, PACKAGE, *PACKAGE.iterdir())), name
    for dotted in re.findall(
        r"`((?:structure|render|semantic|options|layers|measure)\.(?!py`)[\w.]+)`", PAGE
    ):
        module, _, attribute = f"textsketch.{dotted}".rpartition(".")
        assert module in MODULES, dotted
        names = {getattr(node, "name", None) for node in MODULES[module].body}
        assert attribute in names, dotted


def test_no_module_imports_itself_through_others():
    graph = {name: imported(tree) - {name} for name, tree in MODULES.items()}
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name in done:
            return
        for other in sorted(graph[name]):
            walk(other, (*path, name))
        done.add(name)

    for name in graph:
        walk(name, ())


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_module_says_what_it_holds_and_imports_absolutely(name):
    tree = MODULES[name]
    assert name == "textsketch.__main__" or ast.get_docstring(tree)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


def test_tests_mirror_the_package():
    """A folder of tests is a room, `training` or `player`; a test is named after modules or what they do."""
    for folder in (ROOT / "tests").rglob("*"):
        if folder.is_dir() and list(folder.glob("test_*.py")):
            name = folder.relative_to(ROOT / "tests")
            beside = name.parts[0] in ("training", "player") and (ROOT / name).is_dir()
            assert beside or (PACKAGE / name).is_dir(), folder
