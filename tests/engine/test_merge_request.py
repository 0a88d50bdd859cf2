"""A merge request's life with the CI component: previews, one note that is updated, the policy's no, and up on main.

The jobs are those of templates/preview.yml, run by gitlab-ci-local; engine, program and state are the real ones.
"""

from ..review.ci_local import merged, proposed
from ..review.ci_project import TOKEN, notes, prepare, preview, up
from .conftest import STACK, Deployment


def test_a_change_is_previewed_noted_judged_and_put_in_place(deployment: Deployment) -> None:
    project, cloud = deployment.project, deployment.cloud
    out = project.folder / "preview" / STACK
    prepare(project, policies="manager-replacement,state-loss")

    proposed(project.folder, "A new stack")
    first = preview(project)
    assert first.returncode == 0, first.stdout + first.stderr
    (note,) = notes(cloud)
    assert "a new stack" in note
    assert note == (out / "note.md").read_text()
    assert {path.name for path in out.iterdir()} >= {
        *("note.md", "page.html", "terraform.json", "codequality.json", "metrics.txt", "junit.xml")
    }

    merged(project.folder, "A new stack")
    deployed = up(project)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "limit = 5" in deployment.live()

    deployment.pool["limit"] = 9
    deployment.configure()
    proposed(project.folder, "A higher limit")
    changed = preview(project)
    assert changed.returncode == 0, changed.stdout + changed.stderr
    (note,) = notes(cloud)
    assert f"| `pools[0].limit` | `5` | `9` | {place(deployment, 'limit: 9')} |" in note
    assert "- limit = 5\n+ limit = 9" in note
    assert "| machines at most | 6 | **10** |" in note
    assert 'machines_at_most{stack="local",at="after"} 10' in (out / "metrics.txt").read_text()
    assert "limit = 5" in deployment.live()

    deployment.config["gitlab-runner-aws:manager"]["instanceType"] = "t4g.small"
    deployment.configure()
    proposed(project.folder, "Another manager")
    refused = preview(project, GITLAB_NOTE_TOKEN="")
    assert refused.returncode != 0
    said = refused.stdout + refused.stderr
    assert "manager-replacement: the manager is replaced, or goes; if it is meant, put the label" in said
    assert "no note is posted: GITLAB_NOTE_TOKEN: not set, as in a merge request from a fork" in said
    replaced = (out / "note.md").read_text()
    assert ":no_entry:" in replaced
    where = place(deployment, "instanceType: t4g.small")
    assert f"| `manager.instanceType` | `t3.small (default)` | `t4g.small` | {where} |" in replaced
    # Since the last `up`, not since the last push.
    assert f"| `pools[0].limit` | `5` | `9` | {place(deployment, 'limit: 9')} |" in replaced
    assert "`runner-manager-instance-arm64` comes in its place (setting `manager.instanceType`)" in replaced
    assert notes(cloud) == [note]

    for text in (*(done.stdout + done.stderr for done in (first, deployed, changed, refused)), *notes(cloud)):
        assert deployment.token not in text
        assert TOKEN not in text


def place(deployment: Deployment, text: str) -> str:
    """Where in the stack file a line is that holds this, as the note says it."""
    file = f"Pulumi.{STACK}.yaml"
    lines = (deployment.project.folder / file).read_text().splitlines()
    (number,) = [number for number, line in enumerate(lines, 1) if text in line]
    return f"`{file}:{number}`"
