"""Breaks the product on purpose, and judges from outside what is left: see docs/faults.md."""
