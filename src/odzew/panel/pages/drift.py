"""The set-up file against what is there: what `odzew apply` would change, and what the file does not name. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from starlette.datastructures import UploadFile
from starlette.responses import Response

from odzew.errors import SetupError
from odzew.panel.forms import Form
from odzew.panel.page import BOTH, Page
from odzew.panel.visit import Visit
from odzew.panel.words import spoken
from odzew.setup.compare import compare
from odzew.setup.document import read_document
from odzew.setup.plan import Change
from odzew.setup.prune import surplus

LARGEST: Final = 4 << 20  # octets


class Asked(Mapping[str, str]):
    """An environment that knows which variables were asked for, so that their values can be hidden in what is shown."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        value = self._environment[name]
        self.names.add(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)

    def hidden(self, text: str) -> str:
        """`text` with `env:NAME` in the place of each value."""
        for name in sorted(self.names, key=lambda name: -len(self._environment[name])):
            if value := self._environment[name]:
                text = text.replace(value, f"env:{name}")
        return text


async def drift(visit: Visit) -> Response:
    """The form; with a file, the differences."""
    if visit.request.method == "GET":
        return visit.page("operator/drift.html", form=visit.fields(), changes=None, removed=(), faults=())
    given = await visit.form()
    form = Form(given, visit.t, most=LARGEST)
    file = given.get("file")
    if isinstance(file, UploadFile) and file.filename:
        octets = await file.read(LARGEST + 1)
    else:
        octets = form.text("text").encode("utf-8", "replace")
    if not octets.strip():
        form.fault("file", "Choose a file, or paste its text.")
    if len(octets) > LARGEST:
        form.fault("file", "This file is too large: use `odzew apply --dry-run`.")
    if not form.valid:
        return visit.page("operator/drift.html", status=422, form=form, changes=None, removed=(), faults=())
    environment = Asked(visit.services.environment)
    try:
        document = read_document(octets, environment, visit.services.settings["country"])
        changes = compare(document, visit.directory).changes
        removed = surplus(document, visit.directory).changes
    except SetupError as error:
        faults = [environment.hidden(spoken(visit.t, fault)) for fault in error.faults]
        return visit.page("operator/drift.html", status=422, form=form, changes=None, removed=(), faults=faults)
    return visit.page(
        "operator/drift.html", form=form, changes=[_hidden(change, environment) for change in changes], removed=removed, faults=()
    )


def _hidden(change: Change, environment: Asked) -> Change:
    fields = tuple((name, before, environment.hidden(after)) for name, before, after in change.fields)
    return Change(change.kind, environment.hidden(change.name), change.action, fields)


PAGES: Final = (Page("/operator/drift", drift, "operator", "operator.drift", BOTH, large=True),)
