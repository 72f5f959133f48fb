//! The head of a request comes, and its body when its sender may no longer do what the head asks for.

use sentinel_storage::{ServiceChange, StoreOptions, WorkspaceRole};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, SCOPE, cases};

cases! { a_lowered_role, a_lost_membership, a_closed_account, a_demoted_administrator, a_service_that_was_shut_out }

/// A request whose body is held back.
pub(crate) struct Late {
    socket: TcpStream,
    body: String,
}

impl Late {
    /// Sends the head, and waits until its credentials were judged.
    pub(crate) async fn begin(
        server: &Deployment,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Self {
        let (host, body) = (server.base.strip_prefix("http://").unwrap(), body.to_string());
        let mut socket = TcpStream::connect(host).await.unwrap();
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{more}\r\n"
        );
        socket.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        Self { socket, body }
    }

    /// Sends the body, and answers the status.
    pub(crate) async fn end(mut self) -> u16 {
        self.socket.write_all(self.body.as_bytes()).await.unwrap();
        let mut answer = String::new();
        self.socket.read_to_string(&mut answer).await.unwrap();
        answer.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Ada, owner of a workspace of her own, with her token; her requests to change it, each as good as the other.
struct Ada {
    server: Deployment,
    id: Uuid,
    workspace: Uuid,
    bearer: String,
}

impl Ada {
    async fn start(place: StoreOptions) -> Self {
        let server = Deployment::start(place, |_, _| {}).await;
        let tokens = server.log_in("ada").await;
        let bearer = format!("Bearer {}", tokens.access);
        Self { id: tokens.user(), workspace: tokens.workspace(), bearer, server }
    }

    async fn requests(&self) -> Vec<Late> {
        let workspace = format!("/workspaces/{}", self.workspace);
        let bearer = ("authorization", self.bearer.as_str());
        let share = json!({ "grantee_type": "user", "grantee_id": self.id, "permission": "view" });
        let mut all = Vec::new();
        for (method, path, body) in [
            ("PATCH", workspace.clone(), json!({ "name": "Mine" })),
            ("POST", format!("{workspace}/groups"), json!({ "name": "friends" })),
            ("POST", format!("{workspace}/members/invite"), json!({ "email": "ada@example.test", "role": "owner" })),
            ("PATCH", format!("{workspace}/members/{}", self.id), json!({ "role": "owner" })),
            ("POST", format!("/permissions/{}/share", self.resource().await), share),
        ] {
            let with_key = path.starts_with("/permissions/").then_some(("x-service-key", KEY));
            let headers: Vec<_> = [bearer].into_iter().chain(with_key).collect();
            all.push(Late::begin(&self.server, method, &path, &headers, body).await);
        }
        all
    }

    /// Somebody else's, so that an admin's role is what opens it.
    async fn resource(&self) -> Uuid {
        let eve = self.server.log_in("eve").await.user();
        let mut db = self.server.begin().await;
        let at =
            sentinel_storage::Coordinates { service_name: SCOPE, resource_type: "note", resource_id: Uuid::new_v4() };
        let new = sentinel_storage::NewResource {
            id: Uuid::new_v4(),
            at,
            workspace_id: self.workspace,
            owner_id: eve,
            visibility: sentinel_storage::Visibility::Private,
        };
        let made = db.insert_resource(&new, self.server.now()).await.unwrap();
        db.commit().await.unwrap();
        made.id
    }

    /// What all of them come to.
    async fn come_to(requests: Vec<Late>, expected: u16) {
        for (at, request) in requests.into_iter().enumerate() {
            assert_eq!(request.end().await, expected, "request {at}");
        }
    }
}

async fn a_lowered_role(place: StoreOptions) {
    let ada = Ada::start(place).await;
    let requests = ada.requests().await;
    let mut db = ada.server.begin().await;
    assert!(db.set_member_role(ada.workspace, ada.id, WorkspaceRole::Editor, ada.server.now()).await.unwrap());
    db.commit().await.unwrap();
    Ada::come_to(requests, 403).await;
    let mut db = ada.server.begin().await;
    assert_eq!(db.member_role(ada.workspace, ada.id).await.unwrap(), Some(WorkspaceRole::Editor));
    assert_eq!(db.groups(ada.workspace, None, &sentinel_storage::PageRequest::first(9)).await.unwrap().rows, []);
}

async fn a_lost_membership(place: StoreOptions) {
    let ada = Ada::start(place).await;
    let requests = ada.requests().await;
    let mut db = ada.server.begin().await;
    assert!(db.delete_member(ada.workspace, ada.id, ada.server.now()).await.unwrap());
    db.commit().await.unwrap();
    Ada::come_to(requests, 403).await;
}

async fn a_closed_account(place: StoreOptions) {
    let ada = Ada::start(place).await;
    let mut requests = ada.requests().await;
    let bearer = [("authorization", ada.bearer.as_str())];
    requests.push(Late::begin(&ada.server, "PATCH", "/users/me", &bearer, json!({ "name": "Ada" })).await);
    requests
        .push(Late::begin(&ada.server, "POST", "/workspaces", &bearer, json!({ "slug": "late", "name": "L" })).await);
    let mut db = ada.server.begin().await;
    db.set_user_active(ada.id, false, ada.server.now()).await.unwrap();
    db.commit().await.unwrap();
    Ada::come_to(requests, 401).await;
}

async fn a_demoted_administrator(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.admin_emails = vec!["root@example.test".into()]).await;
    let cookie = format!("admin_token={}", server.admin_cookie("root").await);
    let headers = [("cookie", cookie.as_str()), ("x-requested-with", "test")];
    let root = server.log_in("root").await.user();
    let mut requests = Vec::new();
    for (path, body) in [
        ("/admin/realms", json!({ "slug": "late", "name": "Late" })),
        ("/admin/service-apps", json!({ "service_name": "late-service" })),
        ("/admin/workspaces", json!({ "slug": "late", "name": "Late", "owner_email": "root@example.test" })),
        ("/admin/client-apps", json!({ "name": "late", "redirect_uris": ["https://late.example/"] })),
    ] {
        requests.push(Late::begin(&server, "POST", path, &headers, body).await);
    }
    // Back by one's own hand.
    let own = format!("/admin/users/{root}");
    requests.push(Late::begin(&server, "PATCH", &own, &headers, json!({ "is_admin": true })).await);
    let mut db = server.begin().await;
    db.set_user_admin(root, false, server.now()).await.unwrap();
    db.commit().await.unwrap();
    Ada::come_to(requests, 403).await;
    assert!(!server.begin().await.user(root).await.unwrap().unwrap().is_admin);
}

async fn a_service_that_was_shut_out(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = server.log_in("ada").await;
    let key = [("x-service-key", KEY)];
    let actions = json!({ "service_name": SCOPE, "actions": [{ "action": "late" }] });
    let resource = json!({ "service_name": SCOPE, "resource_type": "note", "resource_id": Uuid::new_v4(),
        "workspace_id": ada.workspace(), "owner_id": ada.user(), "visibility": "private" });
    let requests = vec![
        Late::begin(&server, "POST", "/roles/actions/register", &key, actions).await,
        Late::begin(&server, "POST", "/permissions/register", &key, resource).await,
    ];
    server.change_service(SCOPE, &ServiceChange { is_active: Some(false), ..Default::default() }).await;
    Ada::come_to(requests, 401).await;
}
