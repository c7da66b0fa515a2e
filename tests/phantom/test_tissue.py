import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from femurkit.phantom.tissue import OUTLINE_HU, SOFT_HU, edge_inset


@pytest.mark.parametrize("thickness", [1.0, 2.0, 6.0])
@pytest.mark.parametrize("sigma", [0.4, 0.7, 1.1])
def test_the_blurred_edge_reads_the_outline_value_at_the_surface(thickness, sigma):
    cortex, inner, step = 1400.0, 150.0, 0.01
    inset = float(edge_inset(thickness, sigma, cortex, inner))
    depth = np.arange(-12, 20, step)
    layer = (depth >= inset) & (depth < inset + thickness)
    profile = np.where(layer, cortex, np.where(depth < inset, SOFT_HU, inner))
    seen = gaussian_filter1d(profile, sigma / step, truncate=6)
    assert seen[np.abs(depth).argmin()] == pytest.approx(OUTLINE_HU, abs=8)


def test_a_sharper_scanner_needs_less_inset():
    insets = edge_inset(np.full(4, 5.0), np.array([0.1, 0.3, 0.6, 1.0]), 1400.0, 0.0)
    assert (np.diff(insets) > 0).all()
    assert insets[0] < 0.15
