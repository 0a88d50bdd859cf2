"""What people read of a preview: the merge request's note, GitLab's reports, the page. Pure but for `gitlab_notes`."""
