"""Side-by-side timings, as ratios of one run: ``python -m benchmarks``."""
