"""Removing trees that may be large, deep or hostile."""

import os
from pathlib import Path

import pytest

from runner import durable
from runner.durable import calls, trees


def test_a_tree_goes_in_bounded_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One call must remove no more than its budget, and say when it is done."""
    gone: list[str] = []
    real = calls.unlink

    def unlink(path: str, **more: int) -> None:
        gone.append(path)
        real(path, **more)

    monkeypatch.setattr(calls, "unlink", unlink)
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(25):
        (tree / str(number)).touch()
    assert not durable.remove_tree(tree, budget=10)
    assert len(gone) == 10
    assert not durable.remove_tree(tree, budget=10)
    assert durable.remove_tree(tree, budget=10)
    assert not tree.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    """What a link points at must stay."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "precious")
    (tmp_path / "top").symlink_to(tmp_path / "precious")
    assert durable.remove_tree(tmp_path / "tree", budget=9)
    assert durable.remove_tree(tmp_path / "top", budget=9)
    assert [path.name for path in tmp_path.rglob("*")] == ["precious", "file"]


def test_a_deep_tree_costs_no_descriptors(tmp_path: Path) -> None:
    """A tree far deeper than descriptors last must go."""
    depth = 5 * trees.MAX_DEPTH
    here = os.open(tmp_path, os.O_RDONLY)
    os.mkdir("tree", dir_fd=here)
    for _ in range(depth):
        below = os.open("tree", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
        os.mkdir("tree", dir_fd=here)
    os.close(here)
    assert durable.remove_tree(tmp_path / "tree", budget=10 * depth)
    assert list(tmp_path.iterdir()) == []


def test_a_deep_tree_goes_in_small_steps_too(tmp_path: Path) -> None:
    """Also with a small budget each call must get further."""
    path = tmp_path / "tree"
    path.joinpath(*["d"] * 50).mkdir(parents=True)
    for _ in range(200):
        if durable.remove_tree(path, budget=7):
            break
    assert not path.exists()


def test_closed_folders_are_opened(tmp_path: Path) -> None:
    """A folder without rights, as a worker may leave it, must go as well."""
    (tmp_path / "tree" / "closed" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "closed").chmod(0)
    assert durable.remove_tree(tmp_path / "tree", budget=9)


def test_nothing_is_gone_already(tmp_path: Path) -> None:
    """What is not there needs no removing; a file is removed as well."""
    (tmp_path / "file").touch()
    assert durable.remove_tree(tmp_path / "file", budget=1)
    assert durable.remove_tree(tmp_path / "file", budget=1)
