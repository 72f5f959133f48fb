"""A service that keeps documents, protected by Sentinel: `docs/guide/integrate-a-fastapi-service.md` builds it."""
