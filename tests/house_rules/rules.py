"""All rules over HCL; each takes a folder and yields the places that break it."""

from __future__ import annotations

from house_rules.account_rules import (
    account_ids_are_data,
    everything_is_tagged,
    state_lies_in_the_own_account,
)
from house_rules.conduct_rules import (
    applies_run_no_programs,
    drift_is_not_ignored,
    nothing_is_there_for_the_emulators_sake,
    plans_repeat,
)
from house_rules.deprecations import nothing_is_deprecated_in_provider_6
from house_rules.interface_rules import (
    modules_are_small,
    outputs_are_described,
    variables_are_described,
    variables_are_not_nullable,
    variables_are_typed,
    variables_name_their_units,
)
from house_rules.layout_rules import (
    files_are_named_for_what_they_hold,
    modules_have_the_usual_files,
    resources_are_named_for_what_they_are,
    versions_are_pinned,
)

RULES = (
    account_ids_are_data,
    applies_run_no_programs,
    drift_is_not_ignored,
    everything_is_tagged,
    files_are_named_for_what_they_hold,
    modules_are_small,
    modules_have_the_usual_files,
    nothing_is_deprecated_in_provider_6,
    nothing_is_there_for_the_emulators_sake,
    outputs_are_described,
    plans_repeat,
    resources_are_named_for_what_they_are,
    state_lies_in_the_own_account,
    variables_are_described,
    variables_are_not_nullable,
    variables_are_typed,
    variables_name_their_units,
    versions_are_pinned,
)
