"""The vector store. Nothing is put into it or asked of it without a workspace."""

import hashlib
import re
import uuid

from qdrant_client import AsyncQdrantClient, models

from .models import Document

COLLECTION = "documents"
SIZE = 256


def embed(text: str) -> list[float]:
    """Stands for your embedding model: words, hashed into buckets."""
    vector = [1e-6] * SIZE
    for word in re.findall(r"\w+", text.lower()):
        vector[hashlib.blake2b(word.encode(), digest_size=1).digest()[0]] += 1.0
    return vector


def within(workspace_id: uuid.UUID, *more: models.Condition) -> models.Filter:
    """A workspace's points, and of them those that satisfy `more`."""
    own = models.FieldCondition(key="workspace_id", match=models.MatchValue(value=str(workspace_id)))
    return models.Filter(must=[own, *more])


class Search:
    def __init__(self, location: str):
        self.client = AsyncQdrantClient(location)

    async def open(self) -> None:
        if not await self.client.collection_exists(COLLECTION):
            vectors = models.VectorParams(size=SIZE, distance=models.Distance.COSINE)
            await self.client.create_collection(COLLECTION, vectors_config=vectors)

    async def put(self, document: Document) -> None:
        payload = {"workspace_id": str(document.workspace_id), "owner_id": str(document.owner_id)}
        vector = embed(f"{document.title} {document.content}")
        point = models.PointStruct(id=str(document.id), vector=vector, payload=payload)
        await self.client.upsert(COLLECTION, [point])

    async def find(
        self, workspace_id: uuid.UUID, text: str, among: list[uuid.UUID] | None, limit: int = 10
    ) -> list[uuid.UUID]:
        """The nearest documents of the workspace, best first; `among` these alone, where given."""
        more = [] if among is None else [models.HasIdCondition(has_id=[str(id) for id in among])]
        found = await self.client.query_points(
            COLLECTION, query=embed(text), query_filter=within(workspace_id, *more), limit=limit
        )
        return [uuid.UUID(str(point.id)) for point in found.points]

    async def remove(self, workspace_id: uuid.UUID, document_id: uuid.UUID) -> None:
        one = models.HasIdCondition(has_id=[str(document_id)])
        await self.client.delete(COLLECTION, models.FilterSelector(filter=within(workspace_id, one)))
