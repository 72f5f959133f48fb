//! The real server in a folder of its own, and a plain HTTP/1.1 client for it.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Folder;

/// A server that ends with it.
pub(crate) struct Server {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
    pub(crate) management: String,
    /// From its start until it listened.
    pub(crate) took: Duration,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// `sentinel` in this folder, with these variables and none of the machine's own but `PATH`.
pub(crate) fn sentinel(folder: &Folder, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(environment.iter().copied()).current_dir(folder.path("."));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end: exit status, standard output, standard error.
pub(crate) fn run(folder: &Folder, arguments: &str, environment: &[(&str, &str)]) -> (i32, String, String) {
    let output = sentinel(folder, environment).args(arguments.split_whitespace()).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// Its answer in JSON, where it succeeds.
pub(crate) fn done(folder: &Folder, arguments: &str) -> serde_json::Value {
    done_with(folder, arguments, &[])
}

/// As [`done`], with these variables.
pub(crate) fn done_with(folder: &Folder, arguments: &str, environment: &[(&str, &str)]) -> serde_json::Value {
    let (status, out, err) = run(folder, &format!("{arguments} --json"), environment);
    assert_eq!(status, 0, "{arguments}: {out}{err}");
    serde_json::from_str(&out).unwrap()
}

impl Server {
    pub(crate) fn start(folder: &Folder, environment: &[(&str, &str)]) -> Self {
        let began = Instant::now();
        let ports = [("SERVICE_PORT", "0"), ("MANAGEMENT_PORT", "0"), ("SERVICE_HOST", "127.0.0.1")];
        let mut child = sentinel(folder, &ports).envs(environment.iter().copied()).arg("serve").spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (sender, receiver) = std::sync::mpsc::channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let (lines, sender) = (Arc::clone(&lines), sender.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if line.contains("\"listening\"") {
                        let _ = sender.send(line.clone());
                    }
                    lines.lock().unwrap().push(line);
                }
            });
        }
        let listening = receiver.recv_timeout(Duration::from_secs(60));
        let listening = listening.unwrap_or_else(|_| panic!("it does not listen: {:?}", lines.lock().unwrap()));
        let listening: serde_json::Value = serde_json::from_str(&listening).unwrap();
        let text = |name: &str| listening[name].as_str().unwrap().to_owned();
        Self { child, lines, address: text("address"), management: text("management"), took: began.elapsed() }
    }

    /// Everything that it has written.
    pub(crate) fn output(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// What it wrote, once this is in it.
    pub(crate) fn output_with(&self, sought: &str) -> String {
        let began = Instant::now();
        loop {
            let output = self.output();
            if output.contains(sought) {
                return output;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "no {sought} in {output}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let host = if headers.iter().any(|(name, _)| *name == "Host") {
            String::new()
        } else {
            format!("Host: {}\r\n", self.address)
        };
        exchange(&self.address, method, path, &host, headers, body)
    }

    pub(crate) fn managed(&self, path: &str) -> Answer {
        exchange(&self.management, "GET", path, "Host: x\r\n", &[], "")
    }

    /// SIGTERM, and what it came to.
    pub(crate) fn terminate(&mut self) -> i32 {
        let killed = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap().code().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exchange(address: &str, method: &str, path: &str, host: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut socket = TcpStream::connect(address).unwrap();
    let answer = ask(&mut socket, method, path, host, headers, body);
    answer.unwrap_or_else(|answer| panic!("no answer: {answer:?}"))
}

/// The answer, whole; what came where it is not.
pub(crate) fn ask(
    socket: &mut TcpStream,
    method: &str,
    path: &str,
    host: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, String> {
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let request = format!("{method} {path} HTTP/1.1\r\n{host}Connection: close\r\n{headers}{length}\r\n{body}");
    // A server that refuses a body may close before it has read it.
    let _ = socket.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).unwrap();
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return Err(answer) };
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let answer = Answer { status, head: head.to_owned(), body: body.to_owned() };
    let whole = answer.header("content-length").is_none_or(|length| length.parse() == Ok(answer.body.len()));
    if whole { Ok(answer) } else { Err(answer.body) }
}
