"""Statistics of one small weight as numpy computes them, for tst_statistics_goldens. Writes statistics.json beside itself.

Run with any Python that has numpy; moments are the population's, percentiles numpy's default (linear).
"""
import json
import pathlib

import numpy as np

rows, columns = 24, 40
weight = np.random.default_rng(4).standard_t(3, (rows, columns)).astype(np.float32) * np.float32(0.02)
weight[3, 5] = 0
weight[7] += np.float32(0.125)
wide = weight.astype(np.float64)


def of(values, axis):
    mean = values.mean(axis=axis, keepdims=True)
    deviation = values - mean
    m2, m3, m4 = ((deviation**k).mean(axis=axis) for k in (2, 3, 4))
    return {
        "min": values.min(axis=axis), "max": values.max(axis=axis), "absmax": np.abs(values).max(axis=axis),
        "mean": values.mean(axis=axis), "standard_deviation": np.sqrt(m2), "skewness": m3 / m2**1.5,
        "kurtosis": m4 / m2**2, "percentiles": np.percentile(values, [1, 50, 99], axis=axis),
    }


golden = {"rows": rows, "columns": columns, "numpy": np.__version__, "values": weight.view(np.uint32).ravel().tolist(),
          "tensor": of(wide.reshape(-1), 0), "output": of(wide, 1), "input": of(wide, 0)}
text = json.dumps(golden, default=lambda array: array.tolist())
(pathlib.Path(__file__).parent / "statistics.json").write_text(text + "\n")
