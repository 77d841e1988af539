"""Tells pictures from paintings: what is learned against, so that what is painted has a picture's texture.

Each place is compared with the same place of the picture (A. Jolicoeur-Martineau, arXiv 1807.00734), and both
lie beside the plain painting, so a painting has to be of that (P. Isola et al., arXiv 1611.07004). Weights have
a spectral norm of one (T. Miyato et al., arXiv 1802.05957).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

_WIDTHS = (6, 64, 128, 256)
_SLOPE = 0.2


class Critic(nn.Module):
    """Says how much each place of (batch, 3, height, width) pictures, 0 to 1, looks like a picture's.

    A place is 8 pixels wide and is seen with 27 pixels more on each side.
    """

    def __init__(self) -> None:
        super().__init__()
        halving = [nn.Conv2d(one, other, 4, 2, padding=1) for one, other in pairwise(_WIDTHS)]
        same = [nn.Conv2d(_WIDTHS[-1], width, 3, padding=1) for width in (_WIDTHS[-1], 1)]
        self.layers = nn.ModuleList(spectral_norm(layer) for layer in (*halving, *same))

    def forward(self, shown: torch.Tensor, plain: torch.Tensor) -> torch.Tensor:
        value = torch.cat([shown, plain], 1) - 0.5
        for layer in self.layers[:-1]:
            value = functional.leaky_relu(layer(value), _SLOPE)
        return self.layers[-1](value)


def mistaken(
    critic: Critic, shown: torch.Tensor, original: torch.Tensor, plain: torch.Tensor
) -> torch.Tensor:
    """The critic's loss: how much more a painting looks like a picture than the picture."""
    return functional.softplus(critic(shown, plain) - critic(original, plain)).mean()


def found_out(
    critic: Critic, shown: torch.Tensor, original: torch.Tensor, plain: torch.Tensor
) -> torch.Tensor:
    """The brush's loss: how much less."""
    with torch.no_grad():
        wanted = critic(original, plain)
    return functional.softplus(wanted - critic(shown, plain)).mean()
