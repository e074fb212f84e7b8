"""SQL expressions of the pipeline file, parsed by sqlglot and compiled to Polars expressions."""
