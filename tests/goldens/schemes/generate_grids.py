"""Decoded weights of uniform and piecewise grids, computed with numpy straight from the definitions: every level is
written down and the nearest one taken by comparing all. Writes grids.json beside this file.

    python generate_grids.py
"""
import json
import pathlib

import numpy as np

ROWS, COLUMNS, GROUP = 7, 40, 16


def weights():
    random = np.random.default_rng(20)
    w = (random.standard_t(4, (ROWS, COLUMNS)) * 0.1).astype(np.float32)
    w[2] = 0
    w[3] = np.abs(w[3])          # one-sided
    w[4] = np.float32(0.37)      # constant
    w[5] *= 40                   # wide
    w[6, :8] = 0
    return w


def stored(x, dtype):
    """The number that a scale is once it is stored."""
    return float(np.float16(np.float32(x))) if dtype == "fp16" else float(np.float32(x))


def nearest(values, levels):
    levels = np.sort(np.asarray(levels, np.float64))[::-1]  # argmin takes the first of equals: 0 goes up
    return levels[np.abs(values.astype(np.float64)[:, None] - levels[None, :]).argmin(axis=1)]


def uniform_levels(w, bits, symmetric, kind, offset, coefficient, dtype):
    low, high = min(0.0, float(w.min())) * coefficient, max(0.0, float(w.max())) * coefficient
    codes = np.arange(2**bits, dtype=np.float64)
    if low == high == 0:
        return [0.0]
    if symmetric:
        m, half = max(-low, high), 2 ** (bits - 1)
        if kind == "full":
            return stored(2 * m / (2**bits - 1), dtype) * (codes - half)
        if kind == "narrow":
            return stored(m / (half - 1), dtype) * (codes[1:] - half)
        sign = -1 if high >= -low else 1  # the largest weight at code 0, that is −half steps
        return sign * stored(m / half, dtype) * (codes - half)
    scale = stored((high - low) / (2**bits - 1), dtype)
    if offset == "minimum":
        return scale * codes + stored(low, dtype)
    zero = np.clip(np.rint(-low / scale), 0, 2**bits - 1)
    return scale * (codes - zero)


def piecewise_levels(p, m, bits, center, overlapping, dtype):
    n = 2 ** (bits - 2)
    k = np.arange(n, dtype=np.float64)
    inner = stored(p / n, dtype)
    outer = stored((m if overlapping else m - p) / n, dtype)
    base = 0.0 if overlapping else n * inner
    if center == "mid-rise":
        centre = np.concatenate([-(k + 0.5) * inner, (k + 0.5) * inner])
        tails = np.concatenate([base + (k + 0.5) * outer, -base - (k + 0.5) * outer])
    else:
        centre = inner * np.arange(-n, n)
        tails = np.concatenate([base + k * outer, -base - (k + 1) * outer])
    return np.concatenate([centre, tails])


def units(w, granularity):
    if granularity == "tensor":
        yield np.s_[:, :]
        return
    width = COLUMNS if granularity == "channel" else GROUP
    for row in range(ROWS):
        for first in range(0, COLUMNS, width):
            yield np.s_[row : row + 1, first : first + width]


def decode(w, levels_of, granularity):
    out = np.zeros(w.shape, np.float64)
    for at in units(w, granularity):
        part = w[at].reshape(-1)
        if np.any(part != 0):
            out[at] = nearest(part, levels_of(part)).reshape(w[at].shape)
    return out


def corrected(w, decoded):
    out = decoded.copy()
    for row in range(ROWS):
        a, b = w[row].astype(np.float64), decoded[row]
        gain = a.std() / b.std() if a.std() > 0 and b.std() > 0 else 1.0
        gain, shift = float(np.float16(gain)), float(np.float16((a.mean() - b.mean()) * gain))
        out[row] = b * gain + shift
    return out


def uniform_cases(w):
    for bits in (2, 3, 4, 8):
        for granularity in ("tensor", "channel", "group"):
            for coefficient in (1.0, 0.7):
                for symmetric, kind, offset in ((False, "full", "zero_point"), (False, "full", "minimum"),
                                                (True, "full", "zero_point"), (True, "narrow", "zero_point"),
                                                (True, "signed-max", "zero_point")):
                    levels = lambda part: uniform_levels(part, bits, symmetric, kind, offset, coefficient, "fp32")
                    grid = {"name": "uniform", "bits": bits, "granularity": granularity, "symmetric": symmetric,
                            "range": kind, "offset": offset, "scale_dtype": "fp32"}
                    yield grid, coefficient, decode(w, levels, granularity)


def piecewise_cases(w):
    for bits in (2, 3, 4, 8):
        for granularity in ("tensor", "channel", "group"):
            for center in ("mid-rise", "mid-tread"):
                for overlapping in (False, True):
                    for correction in ("none", "weight-moments"):
                        fraction = 0.35
                        def levels(part):
                            m = float(np.abs(part).max())
                            return piecewise_levels(fraction * m, m, bits, center, overlapping, "fp16")
                        decoded = decode(w, levels, granularity)
                        if correction != "none":
                            decoded = corrected(w, decoded)
                        grid = {"name": "piecewise", "bits": bits, "granularity": granularity, "center": center,
                                "overlapping": overlapping, "bias_correction": correction, "breakpoint": "fixed",
                                "breakpoint_fraction": fraction, "scale_dtype": "fp16"}
                        yield grid, 1.0, decoded


def main():
    w = weights()
    cases = []
    for grid, coefficient, decoded in [*uniform_cases(w), *piecewise_cases(w)]:
        if grid["granularity"] == "group":
            grid["group"] = GROUP
        # Sums tell a wrong grid from a right one; whole matrices only where they are few.
        error = w.astype(np.float64) - decoded
        case = {"grid": grid, "coefficient": coefficient, "mse": float((error**2).mean()),
                "max_error": float(np.abs(error).max())}
        if grid["bits"] in (3, 4):
            case["decoded"] = [float(f"{value:.9g}") for value in decoded.reshape(-1)]
        cases.append(case)
    out = {"rows": ROWS, "columns": COLUMNS, "weights": [float(f"{x:.9g}") for x in w.reshape(-1)], "cases": cases}
    path = pathlib.Path(__file__).with_name("grids.json")
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(path, len(cases), "cases", path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
