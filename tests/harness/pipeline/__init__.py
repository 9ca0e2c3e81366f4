"""Runs a pipeline of CodePipeline as it was deployed: its stages, by the real buildspecs.

`deployed.py` reads it back from the embedded AWS, `buildspec.py` and `build.py` are CodeBuild,
`conditions.py` and `people.py` what stands between stages, `runner.py` is CodePipeline itself.
"""
