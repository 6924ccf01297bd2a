"""The register of devices: their model and codec, what each field they send means, whether they are well."""
