"""The page's HTML: a template, filled with what there is to show."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .subject import Subject
from .view import View

_FOLDER = Path(__file__).parent


def page(subject: Subject) -> str:
    """Return the page as one HTML document, complete in itself."""
    style = (_FOLDER / "page.css").read_text()
    # The one style that the page's policy lets through.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.get_template("page.html.j2")
    # The style is ours: as text it would be escaped.
    return template.render(view=View(subject), style=Markup(style), style_hash=f"sha256-{digest}")  # noqa: S704
