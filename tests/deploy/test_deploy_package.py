"""The package that pip would install: whole, and nothing but the product."""

import os
import zipfile
from pathlib import Path

import pytest
from flit_core import buildapi

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names of the files in a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    before = Path.cwd()
    os.chdir(ROOT)  # the build interface of Python packages knows no other way
    try:
        name = buildapi.build_wheel(str(folder))
    finally:
        os.chdir(before)
    with zipfile.ZipFile(folder / name) as archive:
        return archive.namelist()


def test_the_demo_travels_with_the_package(wheel: list[str]) -> None:
    """`--model demo` and `demo` must work from an installed package: model and clips are in it."""
    data = ROOT / "runner/demo"
    files = {str(p.relative_to(ROOT)) for p in data.rglob("*") if p.is_file()}
    assert "runner/demo/model.pt" in files
    assert {name for name in files if "__pycache__" not in name} <= set(wheel)


def test_types_and_licence_travel_with_the_package(wheel: list[str]) -> None:
    """Whoever imports the package gets its types, and everybody its licence."""
    assert "runner/py.typed" in wheel
    assert any(name.endswith("licenses/LICENSE") for name in wheel)


def test_every_room_travels_with_the_package_and_nothing_else(wheel: list[str]) -> None:
    """The package must hold all code of the house, no tests and no configuration of a checkout."""
    code = {str(p.relative_to(ROOT)) for p in (ROOT / "runner").rglob("*.py")}
    assert code <= set(wheel)
    assert {name.split("/")[0].partition("-")[0] for name in wheel} == {"runner", "whisper_spool"}
