"""Applications as users of the SDK write them; each runs under uvicorn."""
