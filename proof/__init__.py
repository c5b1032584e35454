"""The long measurements behind what the product promises (docs/proof.md). `python -m proof` runs them all, `python -m proof NAME` one."""
