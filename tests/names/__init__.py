"""Names of the product and names of its users, in every place of a pipeline file."""
