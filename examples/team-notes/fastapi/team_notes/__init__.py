"""Team Notes, the backend: the published SDK, behind Sentinel's gateway."""
