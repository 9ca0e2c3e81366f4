"""From everything that logs to the locked bucket where it ends, by plans or by what was applied.

archive = Archive.read(archived.document, account_id="222222222222", region="eu-west-1")
for path in log_paths(planned.document, archive):
    print(path.source, path.steps, path.lock or path.problem)

A path without a problem leads to an object that can't be deleted. A path that ends elsewhere, or of
which the plan doesn't tell where it leads, is an orphan and says why.
"""

from harness.log_paths.archive import Archive, Lock
from harness.log_paths.paths import LogPath, log_paths
from harness.log_paths.report import table

__all__ = ["Archive", "Lock", "LogPath", "log_paths", "table"]
