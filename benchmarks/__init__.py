"""Benchmarks that compare this package with others, as ratios within one run: ``python -m benchmarks``."""
