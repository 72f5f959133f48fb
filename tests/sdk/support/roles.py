"""Custom roles, which administrators make: actions that members of a workspace may carry out."""

import secrets

from .team import Administrator, Person, Team, must


class Roles:
    def __init__(self, root: Administrator):
        self.http = root.http

    def create(self, team: Team, actions: list[str]) -> str:
        """A new role of the team's workspace with these of its service's actions."""
        name = f"role-{secrets.token_hex(4)}"
        role = must(self.http.post(f"/admin/workspaces/{team.workspace_id}/roles", json={"name": name}))["id"]
        known = must(self.http.get("/admin/actions", params={"service_name": team.service_name}))
        known = known.get("items", known) if isinstance(known, dict) else known
        ids = [action["id"] for action in known if action["action"] in actions]
        must(self.http.post(f"/admin/roles/{role}/actions", json={"action_ids": ids}))
        return role

    def assign(self, team: Team, role: str, person: Person) -> None:
        must(self.http.post(f"/admin/roles/{role}/members/{person.id}"))

    def take(self, team: Team, role: str, person: Person) -> None:
        must(self.http.delete(f"/admin/roles/{role}/members/{person.id}"))
