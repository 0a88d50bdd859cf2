"""The CI component and this repository's own pipeline: valid by GitLab's schema, and running what they should."""

import json
import re
import shutil
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.cloud import ROOT

from .ci_local import merged, proposed, repository, run

pytestmark = pytest.mark.slow  # Node.js reads a pipeline in a second

TEMPLATE = ROOT / "templates" / "preview.yml"
MERGE_REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_in(tmp_path)


@pytest.fixture(scope="module")
def by_default(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The pipeline of a project that gives no input but its stacks and their folder; to be read only."""
    return expanded(project_in(tmp_path_factory.mktemp("by_default")))


def project_in(at: Path) -> Path:
    """A repository that includes the component for one stack, which is in a folder."""
    folder = at / "repository"
    (folder / "infra").mkdir(parents=True)
    shutil.copytree(TEMPLATE.parent, folder / "templates")
    for name in ("infra/Pulumi.yaml", "infra/Pulumi.dev.yaml", "infra/Pulumi.prod.yaml", "infra/main.py", "README.md"):
        (folder / name).write_text("#\n")
    include(folder)
    repository(folder, at / "origin.git")
    return folder


def include(at: Path, /, **inputs: Any) -> None:
    """Include the component with these inputs."""
    given = {"stacks": ["dev"], "folder": "infra/", **inputs}
    (at / ".gitlab-ci.yml").write_text(json.dumps({"include": [{"local": "templates/preview.yml", "inputs": given}]}))


def jobs(folder: Path, **variables: str) -> set[str]:
    """The names of the jobs of a pipeline."""
    listed = run(folder, "--list-json", variables=variables)
    assert listed.returncode == 0, listed.stderr
    return {job["name"] for job in json.loads(listed.stdout) if job["when"] != "never"}


def expanded(folder: Path) -> dict[str, Any]:
    """The pipeline with its includes and inputs resolved."""
    shown = run(folder, "--preview", variables=MERGE_REQUEST)
    assert shown.returncode == 0, shown.stderr
    return dict(yaml.safe_load(shown.stdout[shown.stdout.index("---") :]))


@pytest.mark.parametrize(
    ("changed", "previewed"),
    [
        ("infra/Pulumi.dev.yaml", True),
        ("infra/shared.yaml", True),
        ("infra/Pulumi.prod.yaml", False),
    ],
)
def test_a_merge_request_previews_a_stack_whose_file_or_program_it_changes(
    project: Path, changed: str, previewed: bool
) -> None:
    (project / changed).write_text("# changed\n")
    proposed(project, "A change")

    assert jobs(project, **MERGE_REQUEST) == ({"pulumi-preview: [dev]"} if previewed else set())


def test_each_stack_has_a_job_of_its_own(project: Path) -> None:
    include(project, stacks=["dev", "prod"])
    merged(project, "Two stacks")
    (project / "infra/main.py").write_text("# changed\n")
    proposed(project, "A change")

    assert jobs(project, **MERGE_REQUEST) == {"pulumi-preview: [dev]", "pulumi-preview: [prod]"}


def test_two_includes_with_names_of_their_own_are_jobs_beside_each_other(project: Path) -> None:
    shutil.copytree(project / "infra", project / "other")
    given = [{"stacks": ["dev"], "folder": "infra/"}, {"stacks": ["dev"], "folder": "other/", "job-prefix": "other"}]
    included = [{"local": "templates/preview.yml", "inputs": inputs} for inputs in given]
    (project / ".gitlab-ci.yml").write_text(json.dumps({"include": included}))
    merged(project, "Two folders")
    (project / "other/Pulumi.dev.yaml").write_text("# changed\n")
    proposed(project, "A change of the second")

    assert jobs(project, **MERGE_REQUEST) == {"other-preview: [dev]"}
    pipeline = expanded(project)
    assert pipeline["pulumi-preview"]["variables"]["FOLDER"] == "infra/"
    assert pipeline["other-up"]["variables"]["FOLDER"] == "other/"


def test_up_is_one_at_a_time_by_hand_and_never_interrupted(by_default: dict[str, Any]) -> None:
    up = by_default["pulumi-up"]

    assert up["resource_group"] == "pulumi-up"
    assert up["environment"] == {"name": "$STACK"}
    assert up["interruptible"] is False
    assert {rule["when"] for rule in up["rules"]} == {"manual", "never"}
    assert up["retry"]["when"] == ["runner_system_failure", "scheduler_failure"]


def test_reports_go_where_gitlab_looks_for_them(by_default: dict[str, Any]) -> None:
    artifacts = by_default["pulumi-preview"]["artifacts"]

    assert {*artifacts["reports"]} == {"terraform", "codequality", "metrics", "junit"}
    assert artifacts["when"] == "always"
    assert artifacts["access"] == "developer"
    # With a variable in the path, GitLab would not expose it.
    assert artifacts["paths"] == ["preview/"]
    assert artifacts["expose_as"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"stacks": "dev"}, "stacks"),
        ({"folder": "infra"}, "folder"),
        ({"policies": "manager replacement"}, "policies"),
        ({"up": "yes"}, "up"),
        ({"token-variable": "GITLAB-TOKEN"}, "token-variable"),
        ({"job-prefix": ".hidden"}, "job-prefix"),
        ({"preview-role": "preview"}, "preview-role"),
        ({"up-role": "arn:aws:iam::123456789012:user/x"}, "up-role"),
        ({"policy-packs": "packs/tags; id"}, "policy-packs"),
    ],
)
def test_a_wrong_input_is_refused_by_its_name(project: Path, inputs: dict[str, Any], message: str) -> None:
    include(project, **inputs)
    refused = run(project, "--list", variables=MERGE_REQUEST)

    assert refused.returncode != 0
    assert f"`{message}` input" in refused.stdout + refused.stderr


def test_every_input_is_described() -> None:
    (spec, _) = yaml.safe_load_all(TEMPLATE.read_text())

    for name, given in spec["spec"]["inputs"].items():
        assert given["description"].endswith("."), name
        assert name == "stacks" or "default" in given, name


def test_the_notes_token_is_not_the_one_that_pulumi_signs_in_with() -> None:
    (spec, _) = yaml.safe_load_all(TEMPLATE.read_text())

    assert spec["spec"]["inputs"]["token-variable"]["default"] not in ("GITLAB_TOKEN", "CI_JOB_TOKEN")
    assert "`GITLAB_NOTE_TOKEN` |" in (ROOT / "docs" / "merge-requests.md").read_text()


ROLE = "arn:aws:iam::123456789012:role/ci/preview"
SEEN = (
    'printf "%s|" "$AWS_ROLE_ARN" "$AWS_ACCESS_KEY_ID" "$(cat "$AWS_WEB_IDENTITY_TOKEN_FILE")" > '
    '"$CI_PROJECT_DIR/seen-$STACK"'
)


def include_two(at: Path, without: dict[str, Any], having: dict[str, Any]) -> None:
    """Include the component for prod without something, as bare, and for dev with it: node starts once for both."""
    given = [
        {"stacks": ["prod"], "job-prefix": "bare", **without},
        {"stacks": ["dev"], **without, **having},
    ]
    included = [{"local": "templates/preview.yml", "inputs": {"folder": "infra/", **inputs}} for inputs in given]
    (at / ".gitlab-ci.yml").write_text(json.dumps({"include": included}))


def test_with_a_role_a_job_signs_in_to_aws_by_its_id_token_and_by_no_key(project: Path) -> None:
    include_two(project, {"prepare": [SEEN, "exit 3"]}, {"preview-role": ROLE})
    merged(project, "A role")
    (project / "infra/main.py").write_text("# changed\n")
    proposed(project, "A change")
    variables = {**MERGE_REQUEST, "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_ID_TOKEN": "a.b.c", "CI_PROJECT_ID": "7"}
    done = run(project, "pulumi-preview", "bare-preview", variables=variables)

    assert done.returncode != 0
    assert (project / "seen-dev").read_text() == f"{ROLE}||a.b.c|", done.stdout + done.stderr
    assert (project / "seen-prod").read_text() == "|AKIAEXAMPLE||", done.stdout + done.stderr
    assert "a.b.c" not in done.stdout + done.stderr


@pytest.mark.parametrize("job", ["preview", "up"])
def test_preview_and_up_run_the_policy_packs(project: Path, job: str) -> None:
    (project / "pulumi").write_text('#!/bin/sh\nprintf "%s\\n" "$@" > "$CI_PROJECT_DIR/seen-$STACK"\n')
    (project / "pulumi").chmod(0o755)
    packs = "../policies/tags,packs/costs"
    given = {"prepare": ['export PATH="$CI_PROJECT_DIR:$PATH"'], "review": "true"}
    include_two(project, given, {"policy-packs": packs})
    merged(project, "Policy packs")
    (project / "infra/main.py").write_text("# changed\n")
    (proposed if job == "preview" else merged)(project, "A change")
    variables = MERGE_REQUEST if job == "preview" else {"CI_PIPELINE_SOURCE": "push"}
    done = run(project, f"pulumi-{job}", f"bare-{job}", variables=variables)

    assert done.returncode == 0, done.stdout + done.stderr
    having, without = ((project / f"seen-{stack}").read_text().splitlines() for stack in ("dev", "prod"))
    assert having[0] == without[0] == job
    assert having[having.index("--policy-pack") :] == ["--policy-pack", packs]
    assert "--policy-pack" not in without


def test_each_job_asks_for_a_token_for_gitlabs_own_address_or_another_audience(
    project: Path, by_default: dict[str, Any]
) -> None:
    assert by_default["pulumi-up"]["id_tokens"] == {"AWS_ID_TOKEN": {"aud": "$CI_SERVER_URL"}}
    include(project, **{"id-token-audience": "sts.amazonaws.com"})
    assert expanded(project)["pulumi-preview"]["id_tokens"] == {"AWS_ID_TOKEN": {"aud": "sts.amazonaws.com"}}


def test_the_roles_trust_the_jobs_of_one_project_and_for_up_of_one_branch() -> None:
    page = (ROOT / "docs" / "merge-requests.md").read_text()
    policies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    preview, up = [each["Statement"][0] for each in policies if "sts:AssumeRoleWithWebIdentity" in str(each)]
    subject = "project_path:platform/runners:ref_type:{}:ref:{}"
    patterns = [each["Condition"]["StringLike"]["gitlab.example.com:sub"] for each in (preview, up)]

    for trusted, expected in (
        (subject.format("branch", "change"), [True, False]),
        (subject.format("branch", "main"), [True, True]),
        (subject.format("tag", "v1"), [False, False]),
        (subject.format("branch", "main").replace("platform/", "other/"), [False, False]),
    ):
        assert [fnmatchcase(trusted, pattern) for pattern in patterns] == expected
    assert {each["Condition"]["StringEquals"]["gitlab.example.com:aud"] for each in (preview, up)} == {
        "https://gitlab.example.com"
    }


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """This repository's own pipeline, in a repository without the rest of it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in (".gitlab-ci.yml", *(path.name for path in ROOT.glob("requirements*.txt"))):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(TEMPLATE.parent, folder / "templates")
    repository(folder, tmp_path / "origin.git")
    return folder


def test_this_repositorys_pipeline_checks_what_is_proposed_and_releases_what_is_tagged(own: Path) -> None:
    (own / "Pulumi.dev.yaml").write_text("#\n")
    proposed(own, "A change of a stack")
    everywhere = {"check", "test", "docs"}

    assert jobs(own, **MERGE_REQUEST) == everywhere | {"pulumi-preview: [dev]"}
    assert jobs(own, CI_COMMIT_TAG="v1.2.3", CI_PIPELINE_SOURCE="push") >= everywhere | {"build", "publish", "release"}


def test_its_commands_are_the_makefiles() -> None:
    pipeline = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
    targets = {line.partition(":")[0] for line in (ROOT / "Makefile").read_text().splitlines() if ": $(READY)" in line}
    scripts = "\n".join(str(pipeline[name]["script"]) for name in ("check", "test", "docs", "build"))
    called = {*re.findall(r"\bmake ([a-z]+)", scripts)}

    assert called == {"check", "test", "docs", "release"}
    assert called <= {target for line in targets for target in line.split()}
