"""The stage shows Terraform the tree and keeps what Terraform writes out of it."""

from pathlib import Path

import pytest

from harness.terraform import stage


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A root that reaches two levels up, among neighbours."""
    tree = tmp_path.resolve() / "tree"
    write(tree / "environments/dev/main.tf", 'module "x" {\n  source = "../../modules/x"\n}\n')
    write(tree / "environments/dev/templates/policy.json", "{}")
    write(tree / "environments/organization.json", "{}")
    write(tree / "modules/x/key.tf")
    return tree


def test_relative_paths_lead_where_they_do_in_place(tree: Path, tmp_path: Path) -> None:
    staged = stage.build(tree / "environments/dev", tmp_path / "stage")
    assert staged == tmp_path / "stage/environments/dev"
    for name in ("main.tf", "templates/policy.json", "../organization.json", "../../modules/x"):
        assert (staged / name).resolve() == (tree / "environments/dev" / name).resolve()


def test_what_is_written_beside_the_configuration_stays_out_of_the_tree(
    tree: Path, tmp_path: Path
) -> None:
    staged = stage.build(tree / "environments/dev", tmp_path / "stage")
    (staged / "terraform.tfstate").write_text("{}")
    (staged / ".terraform.lock.hcl").write_text("")
    before = sorted(tree.rglob("*"))
    stage.build(tree / "environments/dev", tmp_path / "stage")
    assert sorted(tree.rglob("*")) == before
    assert (staged / "terraform.tfstate").exists(), "a refresh keeps the state"


def test_leftovers_of_an_apply_in_place_are_not_taken_over(tree: Path, tmp_path: Path) -> None:
    write(tree / "environments/dev/terraform.tfstate", "{}")
    write(tree / "environments/dev/.terraform/terraform.tfstate", "{}")
    staged = stage.build(tree / "environments/dev", tmp_path / "stage")
    assert sorted(entry.name for entry in staged.iterdir()) == ["main.tf", "templates"]


def test_a_lock_file_of_the_root_is_copied(tree: Path, tmp_path: Path) -> None:
    lock = write(tree / "environments/dev/.terraform.lock.hcl", "# pinned")
    staged = stage.build(tree / "environments/dev", tmp_path / "stage")
    (staged / lock.name).write_text("# changed")
    assert lock.read_text() == "# pinned"


def test_a_refresh_follows_the_tree(tree: Path, tmp_path: Path) -> None:
    root = tree / "environments/dev"
    staged = stage.build(root, tmp_path / "stage")
    write(root / "alarms.tf", "# new")
    (root / "main.tf").write_text('# "../../modules/x" edited')
    (root / "templates/policy.json").unlink()
    stage.build(root, tmp_path / "stage")
    assert (staged / "alarms.tf").read_text() == "# new"
    assert (staged / "main.tf").read_text().endswith("edited")
    (root / "alarms.tf").unlink()
    stage.build(root, tmp_path / "stage")
    assert not (staged / "alarms.tf").is_symlink()


def test_a_root_that_reaches_nowhere_stands_alone(tmp_path: Path) -> None:
    write(tmp_path / "alone/main.tf", "terraform {}")
    write(tmp_path / "neighbour/secret")
    staged = stage.build(tmp_path / "alone", tmp_path / "work/stage")
    assert staged == tmp_path / "work/stage"
    assert [entry.name for entry in staged.iterdir()] == ["main.tf"]
