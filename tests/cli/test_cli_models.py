"""``models``: what is here, and what can't be had."""

import json
from pathlib import Path

from tests.cli.typed import typed


def test_the_list_knows_what_is_here(tmp_path: Path) -> None:
    """Each official name and the demo's must be listed, with whether it is here."""
    said = typed("models", "list", "--json", "--model-dir", tmp_path)
    assert said.code == 0
    seen = json.loads(said.out)
    assert seen["model_dir"] == str(tmp_path)
    here = {model["model"]: model["present"] for model in seen["models"]}
    assert here["demo"] is True
    assert here["turbo"] is here["small"] is False


def test_what_can_not_be_pulled_is_a_sentence(tmp_path: Path) -> None:
    """A name that nobody has must be refused with those that there are: a wrong argument."""
    said = typed("models", "pull", "turbine", "--model-dir", tmp_path)
    assert said.code == 2
    assert "'turbine'" in said.sentence
    assert "turbo" in said.sentence
