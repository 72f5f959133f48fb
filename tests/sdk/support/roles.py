"""Custom roles, which administrators make: actions that members of a workspace may carry out."""

import secrets

from .team import Administrator, Person, Team, must


class Roles:
    def __init__(self, root: Administrator):
        self.http = root.http

    def create(self, team: Team, actions: list[str]) -> str:
        """The path of a new role of the team's workspace, with these of its service's actions."""
        roles = f"/admin/workspaces/{team.workspace_id}/roles"
        role = must(self.http.post(roles, json={"name": f"role-{secrets.token_hex(4)}"}))["id"]
        known = must(self.http.get("/admin/actions", params={"service_name": team.service_name}))
        for action in known:
            if action["action"] in actions:
                must(self.http.post(f"{roles}/{role}/actions/{action['id']}"))
        return f"{roles}/{role}"

    def assign(self, role: str, person: Person) -> None:
        must(self.http.post(f"{role}/members/{person.id}"))

    def take(self, role: str, person: Person) -> None:
        must(self.http.delete(f"{role}/members/{person.id}"))
