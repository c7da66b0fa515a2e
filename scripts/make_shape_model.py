"""Derive src/femurkit/bones/llp26.npz, the compact linear shape model the phantoms are drawn
from.

    pip install musculoskeletal-models==0.2.4 gias3-fieldwork==3.0.1
    python scripts/make_shape_model.py

LLP26 holds nodes of high-order Lagrange meshes for 26 CT subjects. A mesh vertex is linear in those
nodes, so evaluating the mean and every mode once gives a model of plain triangles: vertices =
mean + modes @ weights. Source: musculoskeletal-models (MPL-2.0); the result stays under that
licence.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
import shutil
import tempfile
from pathlib import Path

import numpy as np
import scipy

OUT = Path(__file__).parent.parent / "src/femurkit/bones/llp26.npz"
PARTS = {  # name: (mesh, mean field, first node, last node, points per element side)
    "femur": ("femur_left_quartic_flat", "femur_left_mean_rigid_LLP26", 1946, 2580, 10),
    "pelvis": ("pelvis_combined_cubic_flat", "pelvis_combined_cubic_mean_rigid_LLP26", 0, 1946, 6),
    "tibia": (
        "tibia_fibula_left_cubic_flat",
        "tibia_fibula_cubic_left_mean_rigid_LLP26",
        2654,
        3225,
        5,
    ),
    "patella": ("patella_11_left", "patella_left_mean_rigid_LLP26", 2580, 2654, 8),
}


class _NumpyOnly(pickle.Unpickler):
    """Loads arrays and nothing else: a pickle from outside may not run code."""

    def find_class(self, module, name):
        if module.split(".")[0] != "numpy":
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return super().find_class(module, name)


def main() -> None:
    """Write the model."""
    for name in (
        "array",
        "zeros",
        "ones",
        "arange",
        "dot",
        "sqrt",
        "where",
        "mean",
        "cos",
        "sin",
        "pi",
        "linspace",
        "hstack",
        "vstack",
        "newaxis",
        "eye",
        "cross",
        "argmin",
        "isscalar",
        "concatenate",
        "sort",
        "inf",
    ):  # gias3 asks scipy for these; current scipy dropped them
        if not hasattr(scipy, name):
            setattr(scipy, name, getattr(np, name))
    from gias3.fieldwork.field import geometric_field

    package = Path(importlib.util.find_spec("musculoskeletal.models").origin).parent
    with (package / "shape_models/LLP26_rigid.pc").open("rb") as file:
        model = _NumpyOnly(file, encoding="latin1").load()
    mean, modes = model["mean"].reshape(3, -1), model["modes"].reshape(3, 3225, 26)
    scores = model["projectedWeights"]  # (mode, subject)
    out = {"scores": scores.T.astype(np.float32)}
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copytree(package / "atlas_meshes", tmp, dirs_exist_ok=True)
        os.chdir(tmp)
        for part, (mesh, field, first, last, density) in PARTS.items():
            geometry = geometric_field.load_geometric_field(
                f"{field}.geof", f"{mesh}.ens", f"{mesh}.mesh"
            )

            def vertices(nodes, geometry=geometry, density=density):
                geometry.set_field_parameters(nodes[:, :, None])
                return geometry.triangulate([density, density], merge=True)

            base, faces = vertices(mean[:, first:last])
            shifts = [
                vertices(mean[:, first:last] + 50 * modes[:, first:last, m])[0] for m in range(26)
            ]
            if any(len(s) != len(base) for s in shifts):
                raise RuntimeError(f"{part}: merging changed the vertex count")
            out[f"{part}_mean"] = base.astype(np.float32)
            out[f"{part}_modes"] = np.stack([(s - base) / 50 for s in shifts], 0).astype(np.float16)
            out[f"{part}_faces"] = faces.astype(np.int16)
    np.savez_compressed(OUT, **out)
    print({k: v.shape for k, v in out.items()}, OUT.stat().st_size)


if __name__ == "__main__":
    main()
