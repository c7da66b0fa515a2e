"""Synthetic QCT of the hips with exact truth.

Public names load when first used: the search for hips needs the shapes, and no patient.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from femurkit.phantom.patient import PhantomPatient as PhantomPatient
    from femurkit.phantom.patient import make_patient as make_patient
    from femurkit.phantom.write import write_patient as write_patient

_HOME = {"PhantomPatient": "patient", "make_patient": "patient", "write_patient": "write"}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
