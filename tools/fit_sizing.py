"""Fits the constants of step times to measured runs, and measures their errors on models that the fit never saw.

    python tools/fit_sizing.py --data runs.csv more.csv            # print errors, write nothing
    python tools/fit_sizing.py --data runs.csv --write             # also write constants, error table and plots

Needs numpy: ``pip install --group sizing``. The runs are published by others, and are never committed here.
`sizing_rows.py` describes the format of the files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sizing_report import detail, open_loop, summary, write_constants, write_page
from sizing_rows import read
from step_time_fit import FRESH_SHARES, LeftOut, Measured, coverage, fit_seen, interval


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="FILE")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows, left_out = read(arguments.data)
    data = [Measured(rows, share) for share in FRESH_SHARES]
    measured = data[0]
    predicted = LeftOut(data)
    held = coverage(data, predicted)
    print(
        summary(measured, predicted, held),
        open_loop(measured, predicted),
        detail(measured, predicted),
        sep="\n\n",
    )
    print(dict(left_out))
    if arguments.write:
        best = fit_seen(data, measured.fittable)
        itl = interval(predicted.ratios[measured.source == "closed"])
        opened = measured.source == "open"
        ttft = interval(np.array([row.ttft for row in measured.rows])[opened] / predicted.ttft[opened])
        write_constants(measured, best, itl, ttft)
        write_page(measured, predicted, held, itl, best.fresh, left_out)


if __name__ == "__main__":
    main()
