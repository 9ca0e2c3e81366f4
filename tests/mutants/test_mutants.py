"""The catalogue of mutants fits the tree, and a mutant that changes nothing isn't called killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import mutants

REPOSITORY = Path(__file__).parents[2]
MUTANT = mutants.Mutant(
    "m", Path("module.py"), "is True", "is False", ("test_it.py",), thorough=False
)


@pytest.mark.parametrize("mutant", mutants.catalogue(REPOSITORY), ids=lambda mutant: mutant.name)
def test_every_mutant_fits_its_file(mutant: mutants.Mutant) -> None:
    text = (REPOSITORY / mutant.file).read_text(encoding="utf-8")
    assert mutants.mutated(mutant, text) != text
    for test in mutant.tests:
        assert (REPOSITORY / test.partition("::")[0]).exists()


@pytest.mark.parametrize("text", ["", "is True, is True"])
def test_text_that_is_not_there_once_is_stale(text: str) -> None:
    with pytest.raises(mutants.StaleMutantError, match="not once"):
        mutants.mutated(MUTANT, text)
