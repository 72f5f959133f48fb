//! Accounts and memberships from a CSV file: all of it or nothing, and every fault with its line and column.

use std::collections::{HashMap, HashSet};

use sentinel_storage::{NewUser, StorageError, Transaction, WorkspaceRole};
use uuid::Uuid;

use super::super::activity::{Actor, Change};
use super::super::{Caller, Error, Service, input};
use super::cells;

/// The columns, in any order; the last two may be missing.
pub(super) const COLUMNS: [&str; 4] = ["email", "name", "workspace_slug", "role"];
/// Most lines of a file: they are one transaction, and other writers wait for it.
const LINES: usize = 5_000;
/// Most faults of one answer.
const FAULTS: usize = 100;

/// What an import did, or with a dry run would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Imported {
    /// Lines without the header.
    pub lines: u64,
    /// Accounts made. Whoever proves such an address at a provider gets the account.
    pub users_created: u64,
    /// Accounts that were there; their names stay.
    pub users_found: u64,
    /// Memberships made.
    pub members_added: u64,
    /// Memberships that were there, with the same role.
    pub members_found: u64,
}

/// What is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its line, the header being 1.
    pub line: u64,
    /// The column, where it is one.
    pub column: Option<&'static str>,
    /// What is wrong with it.
    pub message: String,
}

/// Why nothing was imported.
#[derive(Debug)]
pub enum NotImported {
    /// The file is at fault; the first hundred faults.
    File(Vec<Fault>),
    /// Anything else.
    Error(Error),
}

impl From<Error> for NotImported {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<StorageError> for NotImported {
    fn from(error: StorageError) -> Self {
        Self::Error(match error {
            StorageError::Conflict | StorageError::Reference => {
                Error::conflict("Accounts or workspaces changed during the import: try again")
            }
            other => other.into(),
        })
    }
}

/// A line of the file.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    number: u64,
    email: String,
    name: String,
    place: Option<(String, WorkspaceRole)>,
}

impl Service {
    /// Makes the accounts and memberships of a file, or with `dry_run` tells what it would do.
    ///
    /// # Errors
    /// [`NotImported::File`] where the file is at fault; nothing is changed then.
    pub async fn import_users(
        &self,
        actor: &Actor,
        caller: &Caller,
        file: &[u8],
        dry_run: bool,
    ) -> Result<Imported, NotImported> {
        let lines = read(file).map_err(NotImported::File)?;
        let mut import = Import { done: Imported::default(), users: HashMap::new(), workspaces: HashMap::new() };
        let mut faults = Vec::new();
        let mut transaction = self.begin_as(actor).await?;
        for line in &lines {
            if let Err(fault) = self.import_line(&mut transaction, actor, caller, &mut import, line).await? {
                faults.push(fault);
            }
        }
        if !faults.is_empty() {
            faults.truncate(FAULTS);
            return Err(NotImported::File(faults));
        }
        let done = import.done;
        let change =
            Change::new("users.import").detail("lines", done.lines).detail("users_created", done.users_created);
        let change = change.detail("members_added", done.members_added);
        self.record(&mut transaction, actor, caller, change).await?;
        // Without its end the transaction is undone: so far a dry run is the same.
        if !dry_run {
            transaction.commit().await?;
        }
        Ok(done)
    }

    async fn import_line<'a>(
        &self,
        transaction: &mut Transaction,
        actor: &Actor,
        caller: &Caller,
        import: &mut Import<'a>,
        line: &'a Line,
    ) -> Result<Result<(), Fault>, NotImported> {
        import.done.lines += 1;
        let key = line.email.to_ascii_lowercase();
        let user = match import.users.get(&key) {
            Some(id) => *id,
            None => {
                let id = match transaction.user_by_verified_email(&line.email).await? {
                    Some(account) => {
                        import.done.users_found += 1;
                        account.id
                    }
                    None => {
                        import.done.users_created += 1;
                        self.import_account(transaction, actor, caller, line).await?
                    }
                };
                import.users.insert(key, id);
                id
            }
        };
        let Some((slug, role)) = &line.place else { return Ok(Ok(())) };
        let workspace = match import.workspaces.get(slug.as_str()) {
            Some(found) => *found,
            None => {
                let found = transaction.workspace_by_slug(slug).await?.map(|workspace| workspace.id);
                import.workspaces.insert(slug, found);
                found
            }
        };
        let Some(workspace) = workspace else {
            return Ok(Err(line.fault("workspace_slug", "there is no workspace with this slug")));
        };
        match transaction.member_role(workspace, user).await? {
            Some(has) if has == *role => import.done.members_found += 1,
            Some(has) => {
                let message = format!("is a member with the role '{has}' already, which an import does not change");
                return Ok(Err(line.fault("role", message)));
            }
            None => {
                transaction.insert_member(workspace, user, *role, self.now()).await?;
                let change = Change::new("member.add").on("user", user).within(workspace);
                let change = change.detail("role", role.as_str()).detail("why", "import");
                self.record(transaction, actor, caller, change).await?;
                import.done.members_added += 1;
            }
        }
        Ok(Ok(()))
    }

    /// The administrator's word stands for a proof of the address: whoever proves it at a provider gets the account,
    /// which has been nobody's.
    async fn import_account(
        &self,
        transaction: &mut Transaction,
        actor: &Actor,
        caller: &Caller,
        line: &Line,
    ) -> Result<Uuid, NotImported> {
        let new = NewUser {
            id: Uuid::new_v4(),
            email: &line.email,
            email_verified: true,
            name: &line.name,
            avatar_url: None,
            is_admin: false,
        };
        transaction.insert_user(&new, self.now()).await?;
        let change = Change::new("user.create").on("user", new.id).detail("why", "import");
        self.record(transaction, actor, caller, change).await?;
        Ok(new.id)
    }
}

/// What the lines before have made or found.
struct Import<'a> {
    done: Imported,
    /// By address in lower case.
    users: HashMap<String, Uuid>,
    workspaces: HashMap<&'a str, Option<Uuid>>,
}

impl Line {
    fn fault(&self, column: &'static str, message: impl Into<String>) -> Fault {
        Fault { line: self.number, column: Some(column), message: message.into() }
    }
}

/// The lines of a file, or what is wrong with it in itself.
fn read(file: &[u8]) -> Result<Vec<Line>, Vec<Fault>> {
    let whole = |line, message: String| vec![Fault { line, column: None, message }];
    let text = std::str::from_utf8(file).map_err(|error| {
        let before = file.iter().take(error.valid_up_to());
        let line = before.fold(1, |line, octet| line + u64::from(*octet == b'\n'));
        whole(line, "the file must be UTF-8".into())
    })?;
    // Spreadsheets write a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| whole(1, error.to_string()))?.clone();
    let places = columns(&header).map_err(|message| whole(1, message))?;
    let mut numbers = Numbers { text: text.as_bytes(), at: 0, number: 1 };
    let (mut lines, mut faults, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for record in reader.records() {
        let record =
            record.map_err(|error| whole(error.position().map_or(1, csv::Position::line), error.to_string()))?;
        let number = numbers.at(record.position().map_or(0, csv::Position::byte));
        if lines.len() == LINES {
            return Err(whole(number, format!("a file must have at most {LINES} lines")));
        }
        if record.len() != header.len() {
            let message = format!("the line has {} cells, the header {}", record.len(), header.len());
            faults.push(Fault { line: number, column: None, message });
            continue;
        }
        let cell = |place: Option<usize>| place.and_then(|at| record.get(at)).map(cells::plain).unwrap_or_default();
        match line(number, places.map(cell)) {
            Ok(line) => {
                let slug = line.place.as_ref().map(|(slug, _)| slug.clone());
                if !seen.insert((line.email.to_ascii_lowercase(), slug)) {
                    faults.push(line.fault("email", "an earlier line says the same"));
                }
                lines.push(line);
            }
            Err(more) => faults.extend(more),
        }
    }
    faults.truncate(FAULTS);
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

/// Counts lines as editors do. The reader counts the line before for what follows CRLF or empty lines.
struct Numbers<'a> {
    text: &'a [u8],
    at: usize,
    number: u64,
}

impl Numbers<'_> {
    /// The line of what begins at this octet or, where line ends stand there, after them. Never goes back.
    fn at(&mut self, octet: u64) -> u64 {
        let octet = usize::try_from(octet).unwrap_or(usize::MAX);
        while let Some(here) = self.text.get(self.at)
            && (self.at < octet || matches!(here, b'\r' | b'\n'))
        {
            let next = self.text.get(self.at + 1);
            self.number += u64::from(*here == b'\n' || (*here == b'\r' && next != Some(&b'\n')));
            self.at += 1;
        }
        self.number
    }
}

/// Where in a line each of [`COLUMNS`] stands.
fn columns(header: &csv::StringRecord) -> Result<[Option<usize>; 4], String> {
    let names: Vec<_> = header.iter().map(str::to_ascii_lowercase).collect();
    if let Some(unknown) = names.iter().find(|name| !COLUMNS.contains(&name.as_str())) {
        let unknown: String = unknown.chars().filter(|character| !character.is_control()).take(40).collect();
        let all = COLUMNS.join(", ");
        return Err(format!("the column '{unknown}' is unknown: the first line names the columns {all}, with commas"));
    }
    let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
    if names.len() != places.iter().flatten().count() {
        return Err("a column is named twice".into());
    }
    match places {
        [Some(_), Some(_), None, Some(_)] => Err("the column role needs the column workspace_slug".into()),
        [Some(_), Some(_), ..] => Ok(places),
        _ => Err("the columns email and name must be there".into()),
    }
}

fn line(number: u64, [email, name, slug, role]: [&str; 4]) -> Result<Line, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut fault = |column, message: String| faults.push(Fault { line: number, column: Some(column), message });
    let email = input::email(email).map_err(|error| fault("email", error.detail().to_owned())).ok();
    let name = input::name(name).map_err(|error| fault("name", error.detail().to_owned())).ok();
    let place = match (slug, role) {
        ("", "") => None,
        ("", _) => {
            fault("workspace_slug", "is missing: the role is one in a workspace".into());
            None
        }
        (slug, "") => Some((slug.to_owned(), WorkspaceRole::Viewer)),
        (slug, role) => match WorkspaceRole::from_word(role) {
            Some(role) => Some((slug.to_owned(), role)),
            None => {
                fault("role", "must be viewer, editor, admin or owner".into());
                None
            }
        },
    };
    // PostgreSQL's text holds no NUL; what is no slug names no workspace.
    if let Some((slug, _)) = &place
        && input::slug(slug).is_err()
    {
        fault("workspace_slug", "there is no workspace with this slug".into());
    }
    match (email, name) {
        (Some(email), Some(name)) if faults.is_empty() => {
            Ok(Line { number, email: email.to_owned(), name: name.to_owned(), place })
        }
        _ => Err(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read() {
        let file = "\u{feff}Name, EMAIL,workspace_slug,role\r\n\r\n\"Lovelace, Ada\", ada@example.test ,,\r\n'=Grace,'+grace@example.test,ops,admin\n";
        let ada = Line { number: 3, email: "ada@example.test".into(), name: "Lovelace, Ada".into(), place: None };
        let grace = Line {
            number: 4,
            email: "+grace@example.test".into(),
            name: "=Grace".into(),
            place: Some(("ops".into(), WorkspaceRole::Admin)),
        };
        assert_eq!(read(file.as_bytes()).unwrap(), [ada, grace]);
        assert_eq!(read(b"email,name\n").unwrap(), []);
    }

    #[test]
    fn every_fault_has_its_line_and_column() {
        for (file, places) in [
            (&b""[..], &[(1, None)][..]),
            (b"email\na@b.c\n", &[(1, None)]),
            (b"email,name,nme\n", &[(1, None)]),
            (b"email;name\n", &[(1, None)]),
            (b"email,name,name\n", &[(1, None)]),
            (b"email,name,role\n", &[(1, None)]),
            (b"email,name\na@b.c\n", &[(2, None)]),
            (b"email,name\r\na@b.c,A\r\n\r\nx,B\r\ny,C\r\n", &[(4, Some("email")), (5, Some("email"))]),
            (b"email,name\r\nx,\"A\r\nB\"\r\ny,C", &[(2, Some("email")), (2, Some("name")), (4, Some("email"))]),
            (b"email,name\na@b.c,A\n\xff,B\n", &[(3, None)]),
            (b"email,name\nx,A\nb@b.c,\n", &[(2, Some("email")), (3, Some("name"))]),
            (b"email,name\nx,\n", &[(2, Some("email")), (2, Some("name"))]),
            (b"email,name\na@b.c,A\nA@b.c,A\n", &[(3, Some("email"))]),
            (b"email,name\n\"a@b.c\",\"A\nB\"\n", &[(2, Some("name"))]),
            (b"email,name\na@b.c,A\0\n", &[(2, Some("name"))]),
            (b"email,name,workspace_slug,role\na@b.c,A,,admin\n", &[(2, Some("workspace_slug"))]),
            (b"email,name,workspace_slug,role\na@b.c,A,x\0y,\n", &[(2, Some("workspace_slug"))]),
            (b"email,name,workspace_slug,role\na@b.c,A,ops,root\n", &[(2, Some("role"))]),
        ] {
            let faults: Vec<_> = read(file).unwrap_err().into_iter().map(|fault| (fault.line, fault.column)).collect();
            assert_eq!(faults, places, "{}", String::from_utf8_lossy(file));
        }
        let long = format!("email,name\n{}", (0..=LINES).map(|n| format!("u{n}@b.c,U\n")).collect::<String>());
        assert_eq!(read(long.as_bytes()).unwrap_err().len(), 1);
    }
}
