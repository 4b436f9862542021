"""Image pairs with the PSNR and SSIM that scikit-image finds, and feature sets with the Fréchet distance by SciPy's
matrix square root.

    python tests/goldens/comparison/generate_image_metrics.py        (scikit-image, scipy, torch, safetensors)
"""
import pathlib

import numpy
import torch
from safetensors.torch import save_file
from scipy.linalg import sqrtm
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

HERE = pathlib.Path(__file__).parent
tensors = {}
generator = torch.Generator().manual_seed(5)
for index, (shape, noise) in enumerate([((1, 28, 28), 0.1), ((3, 20, 31), 0.5), ((1, 11, 12), 0.02), ((3, 40, 40), 1.0)]):
    smooth = torch.nn.functional.interpolate(torch.randn(1, shape[0], 5, 5, generator=generator), shape[1:],
                                             mode="bicubic")[0]
    a = smooth.clamp(-1, 1)
    b = (a + noise * torch.randn(shape, generator=generator)).clamp(-1, 1)
    x, y = a.double().numpy(), b.double().numpy()
    ssim = structural_similarity(x, y, data_range=2, channel_axis=0, gaussian_weights=True, sigma=1.5,
                                 use_sample_covariance=False)
    tensors[f"pair{index}.image"], tensors[f"pair{index}.reference"] = b, a
    tensors[f"pair{index}.expected"] = torch.tensor([peak_signal_noise_ratio(x, y, data_range=2), ssim],
                                                    dtype=torch.float64)
for index, (count, features) in enumerate([(50, 6), (200, 16), (12, 16)]):  # the last: singular covariances
    a = torch.randn(count, features, generator=generator, dtype=torch.float64)
    b = a @ torch.randn(features, features, generator=generator, dtype=torch.float64) * 0.5 + 0.3
    a, b = a.float(), b.float()
    x, y = a.double().numpy(), b.double().numpy()
    one, two = numpy.cov(x, rowvar=False), numpy.cov(y, rowvar=False)
    root = sqrtm(one @ two)
    distance = ((x.mean(0) - y.mean(0)) ** 2).sum() + numpy.trace(one + two - 2 * root.real)
    tensors[f"features{index}.a"], tensors[f"features{index}.b"] = a, b
    tensors[f"features{index}.expected"] = torch.tensor([distance], dtype=torch.float64)
save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, HERE / "image_metrics.safetensors")
print({name: tensor.tolist() for name, tensor in tensors.items() if name.endswith("expected")})
