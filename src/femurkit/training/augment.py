"""Variety at training time: place, shape and scanner of an example, drawn anew each time it is
seen.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial.transform import Rotation


def placed(
    stack: torch.Tensor,
    patch: tuple[int, int, int],
    rng: np.random.Generator,
    *,
    fill: tuple[float, ...],
    turn_deg: float,
    stretch: float,
) -> torch.Tensor:
    """A patch of a (c, z, y, x) stack: somewhere, and every other time turned and stretched; no
    flips.

    fill: value of each channel outside the stack.
    """
    if rng.random() < 0.5:
        return _turned(stack, patch, rng, fill, turn_deg, stretch)
    room = [max(0, n - p) for n, p in zip(stack.shape[1:], patch, strict=True)]
    at = [int(rng.integers(r + 1)) for r in room]
    part = stack[(slice(None), *(slice(a, a + p) for a, p in zip(at, patch, strict=True)))]
    missing = [p - n for p, n in zip(patch, part.shape[1:], strict=True)]
    if any(missing):
        pads = [v for m in reversed(missing) for v in (m // 2, m - m // 2)]
        part = torch.stack([F.pad(c, pads, value=f) for c, f in zip(part, fill, strict=True)])
    return part


def _turned(
    stack: torch.Tensor,
    patch: tuple[int, int, int],
    rng: np.random.Generator,
    fill: tuple[float, ...],
    turn_deg: float,
    stretch: float,
) -> torch.Tensor:
    turn = Rotation.from_euler("xyz", rng.normal(0, turn_deg, 3), degrees=True).as_matrix()
    scale = np.exp(rng.normal(0, stretch)) * np.exp(rng.normal(0, stretch / 3, 3))
    size = np.array(stack.shape[1:][::-1], float)
    want = np.array(patch[::-1], float)
    room = np.maximum(size - want, 0) / 2
    shift = rng.uniform(-room, room)
    # normalised target -> voxels from the patch centre -> turned -> normalised source
    theta = np.zeros((3, 4))
    theta[:, :3] = np.diag(2 / size) @ turn @ np.diag(scale) @ np.diag(want / 2)
    theta[:, 3] = 2 * shift / size
    grid = F.affine_grid(
        torch.tensor(theta[None], dtype=torch.float32), [1, 1, *patch], align_corners=False
    )
    offset = torch.tensor(fill)[:, None, None, None]
    out = F.grid_sample((stack - offset)[None], grid, mode="bilinear", align_corners=False)
    return out[0] + offset


def rescanned(hu: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """The same anatomy (z, y, x) with another calibration, bone density and noise.

    Never another sharpness: blur moves the place where the scan reads the outline's HU, and the
    target would no longer lie there. That variety is the phantoms'.
    """
    hu = hu * float(rng.uniform(0.96, 1.04)) + float(rng.normal(0, 10))
    if rng.random() < 0.5:
        hu = torch.where(hu > 250, 250 + (hu - 250) * float(rng.uniform(0.7, 1.25)), hu)
    if rng.random() < 0.5:
        noise = torch.from_numpy(rng.standard_normal(hu.shape, dtype=np.float32))
        hu = hu + noise * float(rng.uniform(0, 35))
    return hu


def other_view(u: torch.Tensor) -> torch.Tensor:
    """The same patches (n, 1, z, y, x) in -1..1 as another scanner would show them: contrast,
    brightness, noise, and boxes that nothing is seen of. Draws from torch's own generator.
    """
    n = len(u)
    shape = (n, *(1,) * (u.dim() - 1))
    gain, shift, noise = (
        draw(shape, device=u.device) for draw in (torch.rand, torch.randn, torch.rand)
    )
    out = u * (0.8 + 0.4 * gain) + 0.1 * shift + 0.1 * noise * torch.randn_like(u)
    for number in range(n):
        size = [max(1, int(s * (0.15 + 0.25 * float(torch.rand(()))))) for s in u.shape[2:]]
        start = [int(torch.randint(s - w + 1, ())) for s, w in zip(u.shape[2:], size, strict=True)]
        window = tuple(slice(a, a + w) for a, w in zip(start, size, strict=True))
        out[(number, 0, *window)] = float(torch.rand(())) - 0.8
    return out
