"""Print a table of ratios: ``python -m benchmarks [case ...] [--quick]``."""

import argparse

from .cases import CASES


def main() -> None:
    """Run the cases that the command line names, and print a line for each ratio."""
    names = [case.name for case in CASES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("case", nargs="*", help=f"one of {', '.join(names)}; the default is all of them")
    parser.add_argument(
        "--quick", action="store_true", help="measure for a short time, so that only large differences are significant"
    )
    arguments = parser.parse_args()
    unknown = [name for name in arguments.case if name not in names]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}. Choose from: {', '.join(names)}")
    print(f"{'':54}{'ours':>10}{'theirs':>10}{'ratio':>8}  goal", flush=True)
    for case in CASES:
        if case.name in (arguments.case or names):
            for row in case.measure(0.05 if arguments.quick else 1):
                missed = "" if row.is_reached else "  missed"
                line = f"{row.what:54}{row.ours:>10}{row.theirs:>10}{row.ratio:8.3g}  {row.goal}{missed}"
                print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
