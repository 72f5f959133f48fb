"""The server's own OpenAPI document, read as a list of operations, and requests made to fit them."""

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .sentinel import Sentinel

METHODS = ["get", "put", "post", "patch", "delete"]
#: Who may call a route, as `x-access` names it, and the schemes that the document must name for it.
RULES = {
    "public": [],
    "user": [{"bearer"}, {"bearer", "serviceKey"}],
    "directory": [{"bearer"}, {"bearer", "serviceKey"}, {"bearer", "authzToken"}],
    "service": [{"serviceKey"}],
    "service-user": [{"bearer", "serviceKey"}],
    "resolve": [{"serviceKey"}, {"origin"}],
    "admin": [{"adminCookie"}],
    "policy": [{"bearer"}, {"serviceKey"}],
    "bundle": [{"bearer"}, {"serviceKey"}],
    "scim": [{"bearer"}],
    "events": [{"bearer"}, {"bearer", "serviceKey"}, {"bearer", "authzToken"}, {"serviceKey"}],
}
#: The kind of thing that a path's variable names, by the segment before it.
SEGMENTS = {
    "workspaces": "workspace",
    "members": "user",
    "users": "user",
    "groups": "group",
    "invitations": "invitation",
    "permissions": "permission",
    "roles": "role",
    "actions": "action_id",
    "services": "service_id",
    "service-apps": "service_id",
    "clients": "client_id",
    "client-apps": "client_id",
    "realms": "realm_id",
    "webhooks": "webhook",
    "scim-clients": "scim_client",
    "sessions": "session",
    "login": "provider",
    "callback": "provider",
    "idp": "provider",
}
#: The same by the name of a variable, of a query's parameter or of a body's member.
NAMES = {
    "workspace_id": "workspace",
    "user_id": "user",
    "uid": "user",
    "owner_id": "user",
    "group_id": "group",
    "gid": "group",
    "grantee_id": "user",
    "member_id": "user",
    "permission_id": "permission",
    "resource_id": "resource",
    "role_id": "role",
    "action_id": "action_id",
    "action_ids": "action_id",
    "workspaces": "workspace",
    "service_id": "service_id",
    "client_id": "client_id",
    "realm_id": "realm_id",
    "session_id": "session",
    "actor_id": "user",
    "target_id": "user",
}


@dataclass
class Ids:
    """What stands for a thing of each kind. Where none is given: a random id, which nobody has."""

    known: dict[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> str:
        return self.known.get(kind) or str(uuid.uuid4())


@dataclass
class Operation:
    method: str
    path: str
    spec: dict
    document: dict

    @property
    def access(self) -> str | None:
        return self.spec.get("x-access")

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def changes(self) -> bool:
        return self.method != "get"

    def variables(self) -> Iterator[tuple[str, str, dict]]:
        """Each variable of the path: its name, the segment before it, its schema."""
        schemas = {p["name"]: p.get("schema", {}) for p in self.parameters("path")}
        before = ""
        for segment in self.path.split("/"):
            if segment.startswith("{"):
                name = segment.strip("{*}")
                yield name, before, schemas.get(name, {})
            else:
                before = segment

    def parameters(self, place: str) -> list[dict]:
        return [p for p in map(self.resolve, self.spec.get("parameters", [])) if p["in"] == place]

    def body(self) -> dict | None:
        """The schema of a JSON body."""
        content = self.resolve(self.spec.get("requestBody", {})).get("content", {})
        return content.get("application/json", {}).get("schema")

    def resolve(self, schema: dict) -> dict:
        while "$ref" in schema:
            found: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def url(self, ids: Ids, instead: dict[str, str] | None = None) -> str:
        """The path, with an id for each variable or what stands `instead` of it."""
        path = self.path
        for name, before, schema in self.variables():
            value = (instead or {}).get(name)
            if value is None:
                value = self.value(name, schema, ids, SEGMENTS.get(before))
            path = path.replace("{" + name + "}", str(value))
        return path

    def query(self, ids: Ids, everything: bool = False) -> dict:
        """The parameters that the operation demands, or all that it knows."""
        wanted = [p for p in self.parameters("query") if everything or p.get("required")]
        return {p["name"]: self.value(p["name"], p.get("schema", {}), ids) for p in wanted}

    def json(self, ids: Ids) -> Any:
        """A body that fits, with every member that it may have."""
        schema = self.body()
        return None if schema is None else self.value("", schema, ids)

    def names_ids(self) -> bool:
        """Whether the request names anything that belongs to someone."""
        found: list[str] = []

        class Spy(Ids):
            def of(self, kind: str) -> str:
                found.append(kind)
                return str(uuid.uuid4())

        self.url(Spy()), self.query(Spy(), True), self.json(Spy())
        return any(kind not in ("provider", "text") for kind in found)

    def value(self, name: str, schema: dict, ids: Ids, kind: str | None = None) -> Any:
        schema = self.resolve(schema)
        for choice in ("oneOf", "anyOf"):
            options = [option for option in schema.get(choice, []) if self.resolve(option).get("type") != "null"]
            if options:
                return self.value(name, options[0], ids, kind)
        if "allOf" in schema:
            parts = [self.value(name, part, ids, kind) or {} for part in schema["allOf"]]
            # A word with a description of its own is no object.
            words = [part for part in parts if not isinstance(part, dict)]
            return words[0] if words else {member: value for part in parts for member, value in part.items()}
        if "enum" in schema:
            return schema["enum"][0]
        types = schema.get("type", "object" if "properties" in schema else "string")
        type_ = next((t for t in types if t != "null"), "null") if isinstance(types, list) else types
        if type_ == "object":
            # A nonce must be the token's own: only who has one sends it.
            members = ((member, part) for member, part in schema.get("properties", {}).items() if member != "nonce")
            return {member: self.value(member, part, ids) for member, part in members}
        if type_ == "array":
            return [self.value(name, schema.get("items", {}), ids) for _ in range(max(1, schema.get("minItems", 1)))]
        if type_ in ("integer", "number"):
            return max(schema.get("minimum", 1), 1)
        if type_ == "boolean":
            return True
        return self.text(name, schema, ids, kind)

    def text(self, name: str, schema: dict, ids: Ids, kind: str | None) -> str:
        kind = NAMES.get(name) or kind
        if schema.get("format") == "uuid":
            assert kind, f"{self.name}: the attack suite does not know what {name} is the id of (support/openapi.py)"
            return ids.of(kind)
        if kind and kind != "provider":
            return ids.of(kind)
        special = {
            "provider": "oidc",
            "svc": ids.known.get("service_name", "nobody"),
            "service_name": ids.known.get("service_name", "nobody"),
            "idp_token": ids.known.get("idp_token", "x"),
            "email": f"{secrets.token_hex(6)}@example.test",
            "owner_email": f"{secrets.token_hex(6)}@example.test",
            "slug": f"s-{secrets.token_hex(6)}",
            "resource_type": "note",
            "type": "note",
            "resource_id": ids.known.get("resource", ""),
            "action": "view",
            "visibility": "private",
            "permission": "view",
            "grantee_type": "user",
            "role": "viewer",
            "redirect_uri": "https://example.test/callback",
            "redirect_uris": "https://example.test/callback",
            "allowed_origins": "https://example.test",
            "code_challenge_method": "S256",
        }
        example = schema.get("example") or next(iter(schema.get("examples", [])), None)
        return special.get(name) or special.get(kind or "") or example or f"text-{secrets.token_hex(4)}"


def operations(server: Sentinel) -> list[Operation]:
    with server.http() as http:
        document = http.get("/openapi.json").raise_for_status().json()
    return [
        Operation(method, path, spec, document)
        for path, item in sorted(document["paths"].items())
        for method, spec in item.items()
        if method in METHODS
    ]
