//! Traces of the real program, as a small collector of this test receives them: OTLP over HTTP.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![cfg(feature = "otel")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use server::{Server, done, run};
use support::Folder;

/// What came to a collector: heads of requests, and their messages.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<(String, ExportTraceServiceRequest)>>>);

/// `http://127.0.0.1:port`, answering until the test ends.
fn collector() -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, received) = (format!("http://{}", listener.local_addr().unwrap()), Received::default());
    let kept = received.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            receive(&socket, &kept);
        }
    });
    (url, received)
}

fn receive(socket: &TcpStream, received: &Received) {
    let mut reader = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "an unfinished request: {head}");
    }
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap()];
    reader.read_exact(&mut body).unwrap();
    received.0.lock().unwrap().push((head, ExportTraceServiceRequest::decode(body.as_slice()).unwrap()));
    let mut socket = socket;
    socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
}

impl Received {
    fn spans(&self) -> Vec<Span> {
        let received = self.0.lock().unwrap();
        let scopes =
            received.iter().flat_map(|(_, message)| &message.resource_spans).flat_map(|spans| &spans.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    match attributes.iter().find(|attribute| attribute.key == name).and_then(|found| found.value.clone()) {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => text,
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => number.to_string(),
        other => panic!("{name}: {other:?} in {attributes:?}"),
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const UNSAMPLED: &str = "1bf7651916cd43dd8448eb211c80319d";

#[test]
fn a_request_is_a_span_of_its_caller_s_trace_and_tells_no_secret() {
    let (folder, (url, received)) = (Folder::new(), collector());
    let environment = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=the%20collector's%20key"),
        ("OTEL_SERVICE_NAME", "sentinel-here"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test"),
    ];
    let mut server = Server::start(&folder, &environment);
    let key = done(&folder, "service create notes")["key"].as_str().unwrap().to_owned();
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2VjcmV0";
    let bearer = format!("Bearer {token}");
    let path = "/permissions/resource/notes/note/11111111-1111-4111-8111-111111111111?code=a-code-in-the-query";
    let asked = [("traceparent", parent.as_str()), ("X-Service-Key", &key), ("Authorization", &bearer)];
    assert_eq!(server.send("GET", path, &asked, "").status, 404);
    let unsampled = format!("00-{UNSAMPLED}-{PARENT}-00");
    assert_eq!(server.send("GET", "/health", &[("traceparent", &unsampled)], "").status, 200);
    assert_eq!(server.send("GET", "/health", &[("traceparent", "00-nonsense")], "").status, 200);
    // What was not sent yet is sent at the end.
    assert_eq!(server.terminate(), 0);

    let spans = received.spans();
    let of_the_caller: Vec<_> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let request = of_the_caller.iter().find(|span| hex(&span.parent_span_id) == PARENT).unwrap();
    let route = "/permissions/resource/{service_name}/{resource_type}/{resource_id}";
    assert_eq!(request.name, format!("GET {route}"));
    assert_eq!(request.kind, 2, "a server's");
    assert_eq!(text(&request.attributes, "http.route"), route);
    assert_eq!(text(&request.attributes, "http.response.status_code"), "404");
    assert_eq!(request.status.clone().unwrap_or_default().code, 0, "a refusal is no error of ours");
    let database: Vec<_> = of_the_caller.iter().filter(|span| span.parent_span_id == request.span_id).collect();
    assert!(!database.is_empty(), "{spans:#?}");
    assert!(database.iter().all(|span| text(&span.attributes, "db.system.name") == "sqlite"));
    let others: Vec<_> = spans.iter().filter(|span| span.name == "GET /health").collect();
    assert!(others.len() == 1 && hex(&others[0].trace_id) != UNSAMPLED, "one was not to be traced: {others:?}");

    let messages = received.0.lock().unwrap();
    for (head, message) in messages.iter() {
        assert!(head.starts_with("POST /v1/traces ") && head.contains("x-api-key: the collector's key"), "{head}");
        let resource = message.resource_spans[0].resource.clone().unwrap();
        assert_eq!(text(&resource.attributes, "service.name"), "sentinel-here");
        assert_eq!(text(&resource.attributes, "deployment.environment.name"), "test");
        let told = format!("{message:?}");
        for secret in [key.as_str(), token, "a-code-in-the-query", "11111111-1111", "collector's key"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
    // The log's line leads to the trace.
    let log = server.output();
    assert!(log.contains(&format!("\"trace_id\":\"{TRACE}\"")) && !log.contains("collector's key"), "{log}");
}

#[test]
fn a_collector_that_is_gone_delays_nobody() {
    let folder = Folder::new();
    let mut server = Server::start(&folder, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
    assert_eq!(server.get("/health").status, 200);
    assert_eq!(server.terminate(), 0);
    assert!(server.output_with("traces could not be sent").contains("\"stopped\""));
}

#[test]
fn nothing_is_sent_where_nobody_asked_for_it() {
    let (folder, (url, received)) = (Folder::new(), collector());
    for environment in [
        [("OTEL_SDK_DISABLED", "true"), ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())],
        [("OTEL_TRACES_SAMPLER", "always_off"), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str())],
    ] {
        let mut server = Server::start(&folder, &environment);
        assert_eq!(server.get("/health").status, 200);
        assert_eq!(server.terminate(), 0);
    }
    assert!(received.spans().is_empty());
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let folder = Folder::new();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
    ] {
        let (status, out, err) = run(&folder, "serve --port 0", &[(name, value), ("MANAGEMENT_PORT", "0")]);
        assert!(status == 3 && err.contains(name) && !err.contains("s3cret"), "{name}: {status} {out}{err}");
    }
}
