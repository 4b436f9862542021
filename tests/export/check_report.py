"""Reads an HDF5 report with h5py as FORMATS describes it and prints what it finds; exits 1 on the first thing missing.

    python tests/export/check_report.py /tmp/exports/report.h5
"""

import json
import sys

import h5py
import numpy as np

FIELDS = ("min", "max", "absmax", "mean", "std", "skewness", "kurtosis", "p01", "p50", "p99")


def check_dataset(name, item):
    if not isinstance(item, h5py.Dataset):
        return
    assert "units" in item.attrs and "long_name" in item.attrs, f"{name} has no units or long_name"
    if item.shape and item.size:
        assert item.chunks and item.compression == "gzip" and item.shuffle, f"{name} is not chunked and compressed"
    if item.dtype.names:
        assert len(item.attrs["units"]) == len(item.dtype.names), f"{name}: a unit for each field"
    item[()]  # every value can be read


with h5py.File(sys.argv[1]) as report:
    for key in ("quantscope_version", "source", "source_sha256", "created", "recipe", "family"):
        print(f"{key}: {str(report.attrs[key])[:80]}")
    recipe = json.loads(report.attrs["recipe"]) if report.attrs["recipe"] else None
    assert len(report.attrs["source_sha256"]) == 64
    report.visititems(check_dataset)
    summary = report["summary"][()]
    print(len(report["sites"]), "sites; summary fields", summary.dtype.names)
    for row in summary:
        site = report["sites"][row["name"].decode().replace("/", "%2F")]
        assert site.attrs["name"].encode() == row["name"]
        for which in site["weight"]:
            if which.endswith("_index"):
                continue
            group = site["weight"][which]
            for axis, size in (("output_channel", row["out"]), ("input_channel", row["in"])):
                table = group[axis]
                assert table.shape == (size,) and table.dtype.names[:10] == FIELDS
                assert table.dims[0][0].shape == (size,), "a dimension scale of the site"
            assert group["tensor"].dtype.names[:10] == FIELDS
            counts, edges = group["histogram/counts"], group["histogram/edges"]
            assert edges.shape[0] == counts.shape[0] + 1 and counts.dims[0][0].name.endswith("centers")
            values = group["tensor"]["values"][0]
            assert counts[()].sum() == values or "--synthetic" in sys.argv, (row["name"], counts[()].sum(), values)
            assert set(group["outliers"]) == {"row", "column", "value"}
        if "fit" in site:
            fit = site["fit"]
            assert {"scale", "clip_low", "clip_high"} <= set(fit) and np.isfinite(fit["scale"][()]).all()
            assert fit.attrs["mse"] == row["mse"]
    if "comparison" in report:
        models = report["comparison/models"]
        print("comparison", models.shape, models.dtype.names)
print("good")
