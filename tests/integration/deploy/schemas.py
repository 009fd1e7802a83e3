"""Manifests judged by Kubernetes' own schemas, and those of KEDA and the Prometheus operator by their models."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
from tests.integration.deploy.rendering import Document

KUBERNETES = ("1.30", "1.34")
"""The oldest version that the manifests are for (`preStop.sleep`), and a recent one."""

MODELS = {
    "keda.sh/v1alpha1": "cloudcoil.models.keda.v1alpha1",
    "monitoring.coreos.com/v1": "cloudcoil.models.prometheus_operator.v1",
}


def faults(document: Document) -> Iterator[str]:
    """Tell what a schema has against a document; a kind that nobody knows is a fault."""
    if document["apiVersion"] in MODELS:
        yield from _model_faults(document)
        return
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as wrong:
            yield f"{'/'.join(map(str, wrong.path))}: {wrong.message}"
        except kubernetes_validate.SchemaNotFoundError as unknown:
            yield unknown.message


def _model_faults(document: Document) -> Iterator[str]:
    """The models let unknown fields through in silence, so what they understood is compared with what was written."""
    model = getattr(import_module(MODELS[document["apiVersion"]]), document["kind"], None)
    if model is None:
        yield f"{document['apiVersion']} knows no {document['kind']}"
        return
    try:
        understood = model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_unset=True)
    except ValueError as wrong:
        yield str(wrong)
        return
    yield from _lost(document, understood, "")


def _lost(written: Any, understood: Any, place: str) -> Iterator[str]:
    if isinstance(written, dict) and isinstance(understood, dict):
        for name, value in written.items():
            if name not in understood:
                yield f"{place}/{name} is unknown"
            else:
                yield from _lost(value, understood[name], f"{place}/{name}")
    elif isinstance(written, list) and isinstance(understood, list):
        for number, (one, other) in enumerate(zip(written, understood, strict=True)):
            yield from _lost(one, other, f"{place}/{number}")
