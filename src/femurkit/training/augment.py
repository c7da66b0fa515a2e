"""Variety at training time: place, shape and scanner of an example, drawn anew each time it is
seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial.transform import Rotation


@dataclass(frozen=True)
class Variety:
    """How far augmentation goes. turn_deg, stretch: standard deviation of turns and of the
    logarithm of size; gain: greatest relative error of HU; offset_hu: standard deviation; bone:
    factor on what lies above 250 HU, least and greatest; noise_hu: greatest standard deviation.
    """

    turn_deg: float
    stretch: float
    gain: float
    offset_hu: float
    bone: tuple[float, float]
    noise_hu: float


HIP = Variety(6.0, 0.08, 0.04, 10.0, (0.7, 1.25), 35.0)
"""For networks that outline bone."""
SCAN = Variety(7.0, 0.10, 0.12, 25.0, (0.6, 1.35), 70.0)
"""For the network that finds hips, which no scanner and no patient should surprise."""


def placed(
    stack: torch.Tensor,
    patch: tuple[int, int, int],
    rng: np.random.Generator,
    *,
    fill: tuple[float, ...],
    variety: Variety,
) -> torch.Tensor:
    """A patch of a (c, z, y, x) stack: somewhere, and every other time turned and stretched; no
    flips.

    fill: value of each channel outside the stack.
    """
    if rng.random() < 0.5:
        return _turned(stack, patch, rng, fill, variety)
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
    variety: Variety,
) -> torch.Tensor:
    angles, stretch = rng.normal(0, variety.turn_deg, 3), variety.stretch
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
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


def rescanned(
    hu: torch.Tensor, rng: np.random.Generator, *, variety: Variety = HIP
) -> torch.Tensor:
    """The same anatomy (z, y, x) with another calibration, bone density and noise.

    Never another sharpness: blur moves the place where the scan reads the outline's HU, and the
    target would no longer lie there. That variety is the phantoms'.
    """
    gain = float(rng.uniform(1 - variety.gain, 1 + variety.gain))
    hu = hu * gain + float(rng.normal(0, variety.offset_hu))
    if rng.random() < 0.5:
        hu = torch.where(hu > 250, 250 + (hu - 250) * float(rng.uniform(*variety.bone)), hu)
    if rng.random() < 0.5:
        noise = torch.from_numpy(rng.standard_normal(hu.shape, dtype=np.float32))
        hu = hu + noise * float(rng.uniform(0, variety.noise_hu))
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
