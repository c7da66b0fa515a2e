import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from femurkit.phantom.scanner import UNSHARP_MM
from femurkit.phantom.tissue import OUTLINE_HU, OUTLINE_SHARE, SOFT_HU, edge_inset


def profile(thickness, sigma, cortex, inner, sharpen=0.0):
    """Depth mm below the surface, and what a blurred wall laid below it by edge_inset reads."""
    step, unsharp = 0.01, UNSHARP_MM if sharpen else 0.0
    inset = float(edge_inset(thickness, sigma, cortex, inner, sharpen=sharpen, unsharp_mm=unsharp))
    depth = np.arange(-12, 20, step)
    layer = (depth >= inset) & (depth < inset + thickness)
    sharp = np.where(layer, cortex, np.where(depth < inset, SOFT_HU, inner))
    seen = gaussian_filter1d(sharp, sigma / step, truncate=6)
    return depth, seen + sharpen * (seen - gaussian_filter1d(seen, UNSHARP_MM / step, truncate=6))


@pytest.mark.parametrize("inner", [-60.0, 150.0, 400.0])
@pytest.mark.parametrize("thickness", [1.5, 2.0, 6.0])
@pytest.mark.parametrize("sigma", [0.4, 0.7, 1.1])
def test_the_blurred_edge_reads_the_outline_value_at_the_surface(thickness, sigma, inner):
    depth, seen = profile(thickness, sigma, 1400.0, inner)
    assert seen[np.abs(depth).argmin()] == pytest.approx(OUTLINE_HU, abs=8)


@pytest.mark.parametrize("thickness", [1.5, 4.0])
def test_a_sharp_kernel_reads_the_outline_value_there_too(thickness):
    depth, seen = profile(thickness, 0.5, 1400.0, 100.0, sharpen=0.5)
    assert seen.min() < SOFT_HU - 50, "it undershoots beside the bone"
    assert seen[np.abs(depth).argmin()] == pytest.approx(OUTLINE_HU, abs=8)


@pytest.mark.parametrize("inner", [-60.0, 20.0, 110.0])
@pytest.mark.parametrize("thickness", [0.2, 0.35])
def test_the_outline_of_a_faint_wall_is_at_half_of_what_it_shows(thickness, inner):
    depth, seen = profile(thickness, 1.0, 1150.0, inner)
    brightest = seen[(depth > -4) & (depth < 4)].max()
    assert brightest < 300, "a thicker wall follows OUTLINE_HU"
    half = SOFT_HU + OUTLINE_SHARE * (brightest - SOFT_HU)
    assert seen[np.abs(depth).argmin()] == pytest.approx(half, abs=12)
    assert depth[seen == brightest][0] > 0.5, "and outside of where it is brightest"


def test_a_sharper_scanner_needs_less_inset():
    insets = edge_inset(np.full(4, 5.0), np.array([0.1, 0.3, 0.6, 1.0]), 1400.0, 0.0)
    assert (np.diff(insets) > 0).all()
    assert insets[0] < 0.15
