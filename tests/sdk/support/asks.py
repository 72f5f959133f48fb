"""Requests that several tests make on a person's behalf."""

import httpx

from .team import Person, Team


def refresh(team: Team, token: str) -> httpx.Response:
    return team.http.post("/auth/refresh", json={"refresh_token": token})


def me(team: Team, access: str) -> httpx.Response:
    return team.http.get("/users/me", headers={"Authorization": f"Bearer {access}"})


def asks_with_both_tokens(team: Team, person: Person) -> list[httpx.Response]:
    """What a service asks on a person's behalf, with an access token and with an authz token."""
    body = {"service_name": team.service_name, "action": "notes:export", "workspace_id": team.workspace_id}
    answers = []
    for token in (person.access, person.authz):
        headers = team.key | {"Authorization": f"Bearer {token}"}
        answers.append(team.http.post("/roles/check-action", headers=headers, json=body))
    return answers
