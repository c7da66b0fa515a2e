"""Femurs out of hip CT. See README.md; public names load when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from femurkit.anatomy import Side as Side
    from femurkit.errors import FemurkitError as FemurkitError
    from femurkit.errors import InputRefused as InputRefused
    from femurkit.errors import NoFemurFound as NoFemurFound
    from femurkit.geometry import Grid as Grid
    from femurkit.locate.find import find_hips as find_hips
    from femurkit.mesh import Mesh as Mesh
    from femurkit.mesh import read_stl as read_stl
    from femurkit.mesh import write_stl as write_stl
    from femurkit.phantom.patient import make_patient as make_patient
    from femurkit.pipeline import reconstruct as reconstruct
    from femurkit.result import FemurResult as FemurResult
    from femurkit.result import Result as Result
    from femurkit.segment.predict import predict as predict
    from femurkit.sources import Scan as Scan
    from femurkit.sources import load as load
    from femurkit.volume import Field as Field
    from femurkit.volume import Mask as Mask
    from femurkit.volume import Volume as Volume

_HOME = {
    "reconstruct": "pipeline",
    "Result": "result",
    "FemurResult": "result",
    "load": "sources",
    "Scan": "sources",
    "find_hips": "locate.find",
    "predict": "segment.predict",
    "make_patient": "phantom.patient",
    "Side": "anatomy",
    "Grid": "geometry",
    "Volume": "volume",
    "Mask": "volume",
    "Field": "volume",
    "Mesh": "mesh",
    "read_stl": "mesh",
    "write_stl": "mesh",
    "FemurkitError": "errors",
    "InputRefused": "errors",
    "NoFemurFound": "errors",
}
"""Public name -> the module it lives in; loaded on first use: importing femurkit is free."""

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
