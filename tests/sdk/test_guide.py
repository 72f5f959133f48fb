"""`docs/guide/integrate-a-fastapi-service.md`: its quotes are the example's, its commands run in their order, and the
application that comes of it keeps what the guide promises."""

import re
import uuid

import httpx
import pytest
import yaml

from support.documents import EXAMPLE, Documents, Served, blocks, command
from support.team import Person, Team, detail, must


@pytest.mark.parametrize("language", ["python", "yaml"])
def test_the_guide_quotes_the_example(language: str):
    quoted = blocks(language)
    assert quoted
    for block in quoted:
        first, _, code = block.partition("\n")
        path = first.removeprefix("# ")
        assert path != first, f"names no file: {block}"
        assert code in (EXAMPLE / path).read_text(), f"not in {path}:\n{code}"


@pytest.fixture(scope="module")
def documents(team: Team):
    place = Documents(team)
    yield place
    place.stop()


@pytest.fixture(scope="module")
def old(documents: Documents) -> dict:
    """A document from before there were workspaces."""
    documents.run("alembic upgrade 0001")
    before = documents.serve("uvicorn before:app --port 8200")
    try:
        made = must(before.ask(None, "POST", "/documents", json={"title": "Old", "content": "The old archive"}))
        assert must(before.ask(None, "GET", "/documents")) == [made]
        gone = must(before.ask(None, "POST", "/documents", json={"title": "Gone", "content": ""}))
        must(before.ask(None, "DELETE", f"/documents/{gone['id']}"))
        assert must(before.ask(None, "GET", "/documents")) == [made]
    finally:
        before.stop()
    return made


@pytest.fixture(scope="module")
def service(documents: Documents, team: Team, old: dict):
    """The guide from its first command to its last."""
    # All is there in the versions that the tests pin: pip says so, and would fail otherwise.
    assert "already satisfied" in documents.run(command("pip install"))
    documents.run(command("mkdir -p keys"))
    documents.run(command("sentinel keys export"))
    printed = documents.run(command("sentinel service create"))
    documents.env["SERVICE_KEY"] = re.search(r"sk_[\w-]{30,}", printed)[0]
    documents.run(command("alembic"), WORKSPACE_ID=team.workspace_id, OWNER_ID=team.editor.id)
    assert documents.run(command("python -m documents.register")) == "1 documents registered\n"
    assert documents.run(command("python -m documents.register")) == "0 documents registered\n"
    served = documents.serve(command("uvicorn"))
    yield served
    served.stop()


def create(service: Served, person: Person, title: str, content: str, visibility: str = "workspace") -> dict:
    new = {"title": title, "content": content, "visibility": visibility}
    return must(service.ask(person, "POST", "/documents", json=new))


def titles(service: Served, person: Person, path: str = "/documents") -> set[str]:
    return {document["title"] for document in must(service.ask(person, "GET", path))}


def test_every_command_of_the_guide_is_run():
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    programs = ["pip", "mkdir", "sentinel", "sentinel", "alembic", "python", "mkdir", "uvicorn"]
    assert [line.split()[0] for line in commands] == programs


def test_the_server_understands_the_compose_file(documents: Documents):
    compose = yaml.safe_load((documents.folder / "compose.yaml").read_text())
    documents.run(command("mkdir -p secrets"))
    (documents.folder / "secrets/oidc").write_text("a secret")
    settings = {}
    for name, value in compose["services"]["sentinel"]["environment"].items():
        # As in the container: secrets are files there, and what is `${…}` here is set.
        for secret, source in compose["secrets"].items():
            value = value.replace(f"/run/secrets/{secret}", str(documents.folder / source["file"]))
        settings[name] = re.sub(r"\$\{\w+\}", "set", value)
    # Nobody listens there.
    settings["DATABASE_URL"] = settings["DATABASE_URL"].replace("@database/", "@127.0.0.1:9/")
    said = documents.run("sentinel config check", only=settings)
    assert re.search(r"^providers +1$", said, re.MULTILINE), said
    host = compose["services"]["documents"]["environment"]["IDENTITY_URL"].removeprefix("http://").split(":")[0]
    assert host in compose["services"] and host in settings["ALLOWED_HOSTS"].split(",")
    # The master key is one that a server takes: on a database of its own it starts to.
    settings |= {"DATABASE_URL": "", "DATA_DIR": str(documents.folder / "data")}
    assert documents.run("sentinel keys list", only=settings) == "none\n"


def test_without_a_token_there_is_health_alone(service: Served):
    assert must(service.ask(None, "GET", "/health")) == {"status": "ok"}
    must(service.ask(None, "GET", "/openapi.json"))
    for path in ("/documents", "/documents/search?q=a", f"/documents/{uuid.uuid4()}", "/healthy"):
        detail(service.ask(None, "GET", path), 401)


def test_a_document_from_before_belongs_to_its_workspace(service: Served, team: Team, other_team: Team, old: dict):
    kept = must(service.ask(team.viewer, "GET", f"/documents/{old['id']}"))
    assert kept["workspace_id"] == team.workspace_id and kept["owner_id"] == team.editor.id
    assert "Old" in titles(service, team.viewer, "/documents/search?q=archive")
    detail(service.ask(other_team.owner, "GET", f"/documents/{old['id']}"), 404)


def test_nothing_leaks_between_workspaces(service: Served, team: Team, other_team: Team):
    ours = create(service, team.editor, "Ours", "the quarterly budget of the whale project")
    theirs = create(service, other_team.editor, "Theirs", "the quarterly budget of the whale project")
    for person, own, foreign in ((team.owner, ours, theirs), (other_team.owner, theirs, ours)):
        # Owners see everything, and everything is their workspace.
        assert titles(service, person) >= {own["title"]} and foreign["title"] not in titles(service, person)
        # The same words, so the stranger's is as near as the own one.
        found = titles(service, person, "/documents/search?q=quarterly budget whale")
        assert own["title"] in found and foreign["title"] not in found
        path = f"/documents/{foreign['id']}"
        change = {"title": "mine", "content": "mine"}
        detail(service.ask(person, "GET", path), 404)
        detail(service.ask(person, "PUT", path, json=change), 404)
        detail(service.ask(person, "DELETE", path), 404)
        grant = {"grantee_type": "user", "grantee_id": person.id}
        detail(service.ask(person, "POST", f"{path}/share", json=grant), 404)
    assert must(service.ask(team.owner, "GET", f"/documents/{ours['id']}"))["title"] == "Ours"
    # A workspace that the body names counts for nothing.
    body = {"title": "Smuggled", "content": "", "workspace_id": team.workspace_id, "owner_id": team.owner.id}
    made = must(service.ask(other_team.editor, "POST", "/documents", json=body))
    assert (made["workspace_id"], made["owner_id"]) == (other_team.workspace_id, other_team.editor.id)


def test_roles_are_an_order(service: Served, team: Team):
    new = {"title": "By a viewer", "content": ""}
    detail(service.ask(team.viewer, "POST", "/documents", json=new), 403)
    for role in ("editor", "admin", "owner"):
        path = f"/documents/{create(service, team.people[role], f'By an {role}', '')['id']}"
        change = {"title": f"By an {role}", "content": "again"}
        detail(service.ask(team.viewer, "PUT", path, json=change), 403)
        assert must(service.ask(team.editor, "PUT", path, json=change))["content"] == "again"
        for person in (team.viewer, team.editor):
            detail(service.ask(person, "DELETE", path), 403)
        must(service.ask(team.admin, "DELETE", path))
        detail(service.ask(team.owner, "GET", path), 404)
        assert f"By an {role}" not in titles(service, team.owner, f"/documents/search?q={role}")


def test_a_private_document_is_its_owner_s_until_it_is_shared(service: Served, team: Team, other_team: Team):
    private = create(service, team.editor, "Diary", "the lighthouse at night", "private")
    path, search = f"/documents/{private['id']}", "/documents/search?q=lighthouse"
    detail(service.ask(team.viewer, "GET", path), 403)
    assert "Diary" not in titles(service, team.viewer) | titles(service, team.viewer, search)
    for person in (team.editor, team.admin, team.owner):
        assert "Diary" in titles(service, person) & titles(service, person, search)

    grant = {"grantee_type": "user", "grantee_id": team.viewer.id}
    detail(service.ask(team.viewer, "POST", f"{path}/share", json=grant), 403)
    stranger = grant | {"grantee_id": other_team.viewer.id}
    refused = service.ask(team.editor, "POST", f"{path}/share", json=stranger)
    detail(refused, 400, 403, 404)
    must(service.ask(team.editor, "POST", f"{path}/share", json=grant))
    assert must(service.ask(team.viewer, "GET", path))["title"] == "Diary"
    assert "Diary" in titles(service, team.viewer) & titles(service, team.viewer, search)
    change = {"title": "Diary", "content": "by the viewer"}
    detail(service.ask(team.viewer, "PUT", path, json=change), 403)

    newcomer = team.person("viewer")
    group = team.group(newcomer)
    share = {"grantee_type": "group", "grantee_id": group, "permission": "edit"}
    must(service.ask(team.editor, "POST", f"{path}/share", json=share))
    assert must(service.ask(newcomer, "PUT", path, json=change))["content"] == "by the viewer"


def test_whoever_logs_out_is_out(service: Served, team: Team):
    leaver = team.person("viewer")
    titles(service, leaver)
    must(team.http.post("/auth/logout", headers=leaver.headers))
    for path in ("/documents", "/documents/search?q=a"):
        detail(service.ask(leaver, "GET", path), 401)


def test_only_listed_workspaces_may_use_the_service(
    documents: Documents, service: Served, team: Team, other_team: Team
):
    closed = documents.serve(command("uvicorn"), ALLOWED_WORKSPACES=team.workspace_id)
    try:
        titles(closed, team.viewer)
        assert "not permitted" in detail(closed.ask(other_team.owner, "GET", "/documents"), 403)
    finally:
        closed.stop()


def test_without_sentinel_nothing_is_allowed(documents: Documents, service: Served, team: Team):
    lost = documents.serve(command("uvicorn"), IDENTITY_URL="http://127.0.0.1:9")
    try:
        detail(lost.ask(team.owner, "GET", "/documents"), 503)
        with pytest.raises(httpx.HTTPStatusError):
            lost.ask(team.owner, "POST", "/documents", json={"title": "a", "content": ""}).raise_for_status()
    finally:
        lost.stop()
    assert "a" not in titles(service, team.owner)
