"""Record a promotion: who, what, when, hashes and durations; and that it runs everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from promotion import approvals, record, releases
from promotion.accounts import PLAN, client, enter, home
from promotion.settings import required
from promotion.stage import Stage

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--release", type=Path, metavar="FOLDER", help="the release's folder")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write it here")


def run(options: Namespace) -> int:
    """Record it; returns the exit status."""
    pipeline, execution_id = required("PIPELINE_NAME"), required("PIPELINE_EXECUTION_ID")
    names = sorted(json.loads(required("ACCOUNTS")))
    codepipeline = client(home(), "codepipeline")
    actions = approvals.actions_of(codepipeline, pipeline, execution_id)
    execution = codepipeline.get_pipeline_execution(
        pipelineName=pipeline, pipelineExecutionId=execution_id
    )["pipelineExecution"]
    with Stage(names[0], directory=options.release) as stage:
        running = {
            name: releases.running(enter(stage.organization, name, PLAN).client("ssm"))
            for name in names
        }
        document = record.make(stage.store, stage.release, execution, actions, running)
        key = f"records/executions/{execution_id}.json"
        stage.store.put_json(key, document)
        if source := record.source_of(actions):
            stage.store.copy(source, record.CURRENT_SOURCE)
        print(stage.store.address(key))
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0
