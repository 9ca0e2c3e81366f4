"""Where the AWS provider is taken from: the order, and the reason for each place passed over."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.terraform import DiscoveryError
from harness.terraform.mirrors import PROVIDER, Surroundings
from harness.terraform.providers import SETTING, ProviderSource, find_providers

PLATFORM = "linux_amd64"


@dataclass
class Machine:
    """A made-up file system and environment to search."""

    base: Path
    environ: dict[str, str] = field(default_factory=dict)

    def mirror(self, place: str, version: str = "5.100.0", platform: str = PLATFORM) -> Path:
        """Put an unpacked provider into the mirror at `place`."""
        program = self.base / place / PROVIDER / version / platform / "terraform-provider-aws_x5"
        program.parent.mkdir(parents=True)
        program.write_text("")
        program.chmod(0o755)
        return self.base / place

    def config(self, text: str, name: str = "home/.terraformrc") -> Path:
        """Write a Terraform CLI configuration."""
        path = self.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def find(self, explicit: Path | None = None) -> ProviderSource:
        """Search this machine."""
        surroundings = Surroundings(self.environ, self.base / "home", self.base)
        return find_providers(PLATFORM, explicit, surroundings)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path.resolve())


def reasons(source: ProviderSource) -> str:
    return "\n".join(map(str, source.rejected))


def test_the_argument_wins_over_the_setting(machine: Machine) -> None:
    chosen, other = machine.mirror("chosen"), machine.mirror("other")
    machine.environ[SETTING] = str(other)
    assert machine.find(chosen).location == chosen
    assert machine.find().location == other


def test_the_host_directory_itself_serves_as_well(machine: Machine) -> None:
    chosen = machine.mirror("chosen")
    assert machine.find(chosen / "registry.terraform.io").location == chosen


def test_places_are_tried_in_order(machine: Machine) -> None:
    in_order = [
        machine.mirror("from-config"),
        machine.mirror("home/.terraform.d/plugins"),
        machine.mirror("home/.local/share/terraform/plugins"),
        machine.mirror("usr/local/share/terraform/plugins"),
        machine.mirror("opt/add-on"),
        machine.mirror("opt/vendor/tools"),
        machine.mirror("home/.cache/terraform-plugins"),
    ]
    config = machine.config(
        f'provider_installation {{\n filesystem_mirror {{\n  path = "{in_order[0]}"\n }}\n}}\n'
    )
    assert machine.find().location == config
    config.unlink()
    for place in in_order[1:]:
        assert machine.find().location == place
        (place / "registry.terraform.io").rename(place / "used")
    last = machine.find()
    assert last.kind == "registry"
    assert f"({in_order[1]}): it holds no {PROVIDER}" in reasons(last)


def test_the_users_configuration_is_used_as_it_is(machine: Machine, tmp_path: Path) -> None:
    mirror = machine.mirror("mirror")
    config = machine.config(
        f'provider_installation {{\n  filesystem_mirror {{ path = "{mirror}" }}\n}}\n', "etc/cli.rc"
    )
    machine.environ["TF_CLI_CONFIG_FILE"] = str(config)
    source = machine.find()
    assert source.kind == "cli-config"
    assert source.versions == ("5.100.0",)
    assert source.write_cli_config(tmp_path) == config


def test_a_network_mirror_is_left_to_terraform(machine: Machine) -> None:
    machine.config('provider_installation {\n network_mirror { url = "https://mirror/" }\n}')
    assert machine.find().kind == "cli-config"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has no provider_installation block"),
        ("# provider_installation { network_mirror {} }", "has no provider_installation block"),
        ("provider_installation {\n direct {}\n}", "names no mirror"),
        (
            'provider_installation {\n filesystem_mirror { path = "/gone" }\n}',
            "/gone: there is no such directory",
        ),
    ],
)
def test_a_configuration_without_a_usable_mirror_is_passed_over(
    machine: Machine, text: str, reason: str
) -> None:
    machine.config(text)
    add_on = machine.mirror("opt/add-on")
    source = machine.find()
    assert source.location == add_on
    assert reason in reasons(source)


def test_a_setting_of_a_missing_configuration_is_passed_over(machine: Machine) -> None:
    machine.environ["TF_CLI_CONFIG_FILE"] = "/gone.rc"
    machine.mirror("opt/add-on")
    assert "(/gone.rc): there is no such file" in reasons(machine.find())


def test_the_wrong_platform_or_version_is_passed_over_with_the_reason(machine: Machine) -> None:
    machine.mirror("home/.terraform.d/plugins", platform="darwin_arm64")
    machine.mirror("opt/old", version="5.99.1")
    machine.mirror("opt/too-new", version="7.0.0")
    source = machine.find()
    assert source.kind == "registry"
    assert "no hashicorp/aws for linux_amd64, but 5.100.0 for darwin_arm64" in reasons(source)
    assert "hashicorp/aws 5.99.1, outside the range >= 5.100, < 7.0" in reasons(source)
    assert "hashicorp/aws 7.0.0, outside the range" in reasons(source)


def test_usable_versions_are_listed_oldest_first(machine: Machine) -> None:
    for version in ("6.2.0", "5.100.0", "5.99.0"):
        machine.mirror("opt/add-on", version=version)
    assert machine.find().versions == ("5.100.0", "6.2.0")


def test_a_packed_mirror_serves(machine: Machine) -> None:
    holding = machine.base / "packed" / PROVIDER
    holding.mkdir(parents=True)
    (holding / f"terraform-provider-aws_6.1.0_{PLATFORM}.zip").write_text("")
    assert machine.find(machine.base / "packed").versions == ("6.1.0",)


def test_an_explicit_directory_that_cannot_serve_is_an_error(machine: Machine) -> None:
    machine.mirror("opt/add-on")
    machine.environ[SETTING] = str(machine.base / "nowhere")
    with pytest.raises(DiscoveryError) as caught:
        machine.find()
    message = str(caught.value)
    assert message.startswith(f"{SETTING} names {machine.base}/nowhere")
    assert "there is no such directory" in message
    assert "terraform providers mirror DIRECTORY" in message


def test_the_registry_can_be_asked_for(machine: Machine) -> None:
    machine.mirror("opt/add-on")
    machine.environ[SETTING] = "registry"
    assert machine.find().kind == "registry"


def test_the_registry_keeps_its_downloads_where_the_user_says(
    machine: Machine, tmp_path: Path
) -> None:
    assert machine.find().location == machine.base / "home/.cache/terraform-plugins"
    machine.config('plugin_cache_dir = "/from/config"\n')
    assert machine.find().location == Path("/from/config")
    machine.environ["TF_PLUGIN_CACHE_DIR"] = str(machine.base / "cache")
    source = machine.find()
    written = source.write_cli_config(tmp_path).read_text()
    assert f'plugin_cache_dir = "{machine.base}/cache"' in written
    assert source.location.is_dir()


def test_a_mirror_is_asked_for_nothing_that_it_lacks(machine: Machine, tmp_path: Path) -> None:
    mirror = machine.mirror("opt/add-on")
    (mirror / "registry.terraform.io/hashicorp/archive").mkdir()
    written = machine.find().write_cli_config(tmp_path).read_text()
    both = f'["registry.terraform.io/hashicorp/archive", "{PROVIDER}"]'
    assert f"include = {both}" in written
    assert f"exclude = {both}" in written
