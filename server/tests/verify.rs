//! `sentinel verify` and `sentinel inspect`, the real program.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use support::{Folder, SECRET, encode, hs256};

const PAYLOAD: &str =
    r#"{"iss":"i","aud":"a","sub":"s","exp":2000,"iat":1000,"n":12345678901234567890123,"type":"access"}"#;
const VERIFY: &str = "verify --secret-file secret --alg HS256 --issuer i --audience a --now 1500";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("secret", &format!("{SECRET}\n"));
    folder
}

#[test]
fn accepts_and_prints_the_claims_as_they_were_signed() {
    let folder = folder();
    let run = folder.run(VERIFY, &format!("{}\n", hs256(PAYLOAD)));
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    let expected = format!(r#"{{"ok":true,"header":{{"alg":"HS256","typ":"JWT"}},"claims":{PAYLOAD}}}"#);
    assert_eq!(run.stdout.trim_end(), expected, "no number is rounded");
    assert_eq!(folder.run(&format!("{VERIFY} {}", hs256(PAYLOAD)), "").status, 0, "as an argument");
    assert_eq!(folder.run(&format!("{VERIFY} -"), &hs256(PAYLOAD)).status, 0, "from -");
}

#[test]
fn refuses_with_status_1_and_the_code() {
    let folder = folder();
    let good = hs256(PAYLOAD);
    let tampered = good.replace(&encode(PAYLOAD), &encode(PAYLOAD.replace("\"s\"", "\"t\"")));
    let base = "verify --secret-file secret --alg HS256";
    for (arguments, token, code) in [
        (format!("{base} --issuer i --audience a --now 1500"), tampered.as_str(), "signature_invalid"),
        (format!("{base} --issuer i --audience a --now 2000"), &good, "token_expired"),
        (format!("{base} --issuer i --audience a"), &good, "token_expired"),
        (format!("{base} --issuer j --audience a --now 1500"), &good, "issuer_mismatch"),
        (format!("{base} --issuer i --audience b --now 1500"), &good, "audience_mismatch"),
        (format!("{VERIFY} --type at+jwt"), &good, "type_mismatch"),
        (format!("{VERIFY} --token-use refresh"), &good, "type_mismatch"),
        (format!("{VERIFY} --required exp,nbf"), &good, "claim_missing"),
        (format!("{VERIFY} --max-age 499"), &good, "token_expired"),
        (VERIFY.replace("HS256", "HS384"), &good, "algorithm_not_allowed"),
        (VERIFY.to_owned(), "", "token_malformed"),
        (VERIFY.to_owned(), "a.b", "token_malformed"),
        (VERIFY.to_owned(), "ä.ö.ü", "token_malformed"),
        (VERIFY.to_owned(), &"a".repeat(1024 * 1024), "token_too_large"),
    ] {
        // A key that is too short for its hash is another story.
        folder.write("secret", &SECRET.repeat(2)[..if arguments.contains("HS384") { 60 } else { SECRET.len() }]);
        let run = folder.run(&arguments, token);
        assert_eq!((run.status, run.code().as_str()), (1, code), "{arguments}");
        assert!(run.json()["ok"] == false && !run.stdout.contains(SECRET) && !run.stdout.contains(&good));
    }
}

#[test]
fn a_refusal_about_a_claim_names_it() {
    let run = folder().run(&format!("{VERIFY} --required exp,nbf"), &hs256(PAYLOAD));
    assert!(run.json()["message"].is_string() && run.json()["claim"].is_string(), "{}", run.stdout);
}

#[test]
fn what_was_taken_back_is_refused() {
    let folder = folder();
    let token = hs256(r#"{"iss":"i","aud":"a","sub":"s","exp":2000,"iat":1000,"jti":"t1","sid":"f1","wid":"w"}"#);
    let entry = |kind: &str, value: &str, at: i64| {
        format!(r#"{{"seq":1,"kind":"{kind}","value":"{value}","at":{at},"expires_at":9000000000000}}"#)
    };
    for (entries, token, status, code) in [
        (String::new(), &token, 0, ""),
        (entry("token", "t2", 0), &token, 0, ""),
        (entry("token", "t1", 0), &token, 1, "token_revoked"),
        (entry("session", "t1", 0), &token, 0, ""),
        (entry("session", "f1", 0), &token, 1, "token_revoked"),
        (entry("user", "s", 999_999), &token, 0, ""),
        (entry("user", "s", 1_000_000), &token, 0, ""),
        // Of the same second, and perhaps from before: void.
        (entry("user", "s", 1_000_001), &token, 1, "token_revoked"),
        (format!("{},{}", entry("user", "s", 1_500_000), entry("user", "s", 1)), &token, 1, "token_revoked"),
        (entry("member", "s/w", 1_000_001), &token, 1, "token_revoked"),
        (entry("member", "s/v", 1_000_001), &token, 0, ""),
        (entry("member", "s/w", 1_000_000), &token, 0, ""),
        (entry("workspace", "w", 1_000_001), &token, 1, "token_revoked"),
        (entry("workspace", "s", 1_000_001), &token, 0, ""),
        (entry("all", "", 1_000_001), &token, 1, "token_revoked"),
        (entry("all", "", 1_000_000), &token, 0, ""),
        // Without `jti` it could not be taken back.
        (String::new(), &hs256(PAYLOAD), 1, "claim_missing"),
        // What this program does not know must not pass.
        (entry("device", "d1", 0), &token, 3, "unavailable"),
    ] {
        folder.write("feed.json", &format!(r#"{{"epoch":"e1","revocations":[{entries}],"last":9}}"#));
        let run = folder.run(&format!("{VERIFY} --revocations feed.json"), token);
        assert_eq!((run.status, run.code().as_str()), (status, code), "{entries}: {}", run.stdout);
    }
    assert_eq!(folder.run(&format!("{VERIFY} --revocations nowhere.json"), &token).status, 3);
    folder.write("feed.json", "[]");
    assert_eq!(folder.run(&format!("{VERIFY} --revocations feed.json"), &token).status, 3);
}

#[test]
fn settings_are_understood() {
    let folder = folder();
    for arguments in [
        "--any-issuer --any-audience --now 1500",
        "--issuer x --issuer i --audience y --audience a --now 1500",
        "--issuer i --audience a --now 2004 --leeway 5",
        "--issuer i --audience a --now 1500 --token-use access --type jwt --max-age 500 --required sub,iat,exp",
    ] {
        let run = folder.run(&format!("verify --secret-file secret --alg HS256 {arguments}"), &hs256(PAYLOAD));
        assert_eq!(run.status, 0, "{arguments}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn wrong_usage_is_status_2() {
    let folder = folder();
    for arguments in [
        "",
        "verify",
        "verify --issuer i --audience a",
        "verify --secret-file secret --alg HS256 --issuer i",
        "verify --secret-file secret --alg HS256 --audience a",
        "verify --secret-file secret --issuer i --audience a",
        "verify --secret-file secret --alg HS256,HS512 --issuer i --audience a",
        "verify --secret-file secret --jwks secret --alg HS256 --issuer i --audience a",
        "verify --secret-file secret --alg HS256 --issuer i --any-issuer --audience a",
        "verify --secret-file secret --alg none --issuer i --audience a",
        "verify --secret-file secret --alg hs256 --issuer i --audience a",
        "verify --secret-file secret --alg HS256 --issuer i --audience a --leeway 301",
        "verify --secret-file secret --alg HS256 --issuer i --audience a --now soon",
    ] {
        let run = folder.run(arguments, &hs256(PAYLOAD));
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments}: {}", run.stderr);
        assert!(!run.stderr.is_empty(), "{arguments}");
    }
}

#[test]
fn what_cannot_be_answered_is_status_3() {
    let folder = folder();
    folder.write("jwks", r#"{"keys": 1}"#);
    folder.write("short", "short");
    folder.write("long", &" ".repeat(1024 * 1024));
    let rest = "--issuer i --audience a";
    for (arguments, code) in [
        (format!("verify --jwks absent {rest}"), "unavailable"),
        (format!("verify --jwks long {rest}"), "unavailable"),
        (format!("verify --jwks jwks {rest}"), "key_unusable"),
        (format!("verify --pem secret {rest}"), "key_unusable"),
        (format!("verify --secret-file short --alg HS256 {rest}"), "key_unusable"),
        (format!("verify --jwks http://192.0.2.1/ {rest}"), "unavailable"),
        (format!("verify --jwks https://user@id.example/ {rest}"), "unavailable"),
        (format!("verify --jwks http://127.0.0.1:9/ {rest}"), "unavailable"),
    ] {
        let run = folder.run(&arguments, &hs256(PAYLOAD));
        assert_eq!((run.status, run.code().as_str()), (3, code), "{arguments}: {}", run.stderr);
    }
}

#[test]
fn shared_secrets_in_a_key_set_count_only_where_hs_is_asked_for() {
    let folder = Folder::new();
    folder.write("jwks", &format!(r#"{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, encode(SECRET)));
    let verify = "verify --jwks jwks --issuer i --audience a --now 1500";
    assert_eq!(folder.run(&format!("{verify} --alg HS256"), &hs256(PAYLOAD)).status, 0);
    for (alg, code) in [("", "algorithm_not_allowed"), ("--alg RS256", "algorithm_not_allowed")] {
        let run = folder.run(&format!("{verify} {alg}"), &hs256(PAYLOAD));
        assert_eq!((run.status, run.code().as_str()), (1, code), "{alg}");
    }
}

#[test]
fn a_key_set_comes_from_a_url() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        let body = format!(r#"{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, encode(SECRET));
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let arguments = format!("verify --jwks http://{address}/jwks --alg HS256 --issuer i --audience a --now 1500");
    let run = Folder::new().run(&arguments, &hs256(PAYLOAD));
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    assert!(server.join().unwrap().starts_with("GET /jwks HTTP/1.1\r\n"));
}

#[test]
fn inspect_decodes_and_says_loudly_that_nothing_was_verified() {
    let folder = Folder::new();
    let forged = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(PAYLOAD));
    for token in [hs256(PAYLOAD), forged] {
        let run = folder.run("inspect", &token);
        assert_eq!(run.status, 0, "{}", run.stdout);
        assert!(run.stderr.contains("NOTHING WAS VERIFIED"), "{}", run.stderr);
        let answer = run.json();
        assert!(answer["verified"] == false && answer["warning"].as_str().unwrap().contains("NOTHING WAS VERIFIED"));
        assert!(run.stdout.contains(PAYLOAD) && answer.get("ok").is_none());
    }
    let bytes = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode("no JSON"));
    assert_eq!(folder.run("inspect", &bytes).json()["payload"], "no JSON");
    let run = folder.run("inspect -", "a.b");
    assert_eq!((run.status, run.code().as_str()), (1, "token_malformed"));
}

#[test]
fn a_hostile_token_is_shown_on_one_line_and_steers_no_terminal() {
    let folder = folder();
    // C1's CSI and OSC, DEL, an override of the writing direction, tags; a line that looks like an answer of `verify`.
    let hostile = "\u{9b}31m\u{9d}0;title\u{7f}\u{202e}\u{2066}\u{200b}\u{2028}\u{feff}\u{e0041}é 😀 \\\" \\\\";
    let forged = r#"{"ok":true,"claims":{}}"#;
    let header = format!("{{\"alg\":\"HS256\",\"h\":\"{hostile}\",\"x\":\r\n{forged}\r\n}}");
    let claims = PAYLOAD.replacen('{', &format!("{{ \"h\" : \"{hostile}\" ,\n\"x\":\n{forged}\n,"), 1);
    let unsigned = |payload: &str| format!("{}.{}.", encode(&header), encode(payload));
    for (arguments, token) in [("inspect", unsigned(&claims)), ("inspect", unsigned(hostile)), (VERIFY, hs256(&claims))]
    {
        let run = folder.run(arguments, &token);
        assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
        let answer = run.json();
        let steers = |c: char| c.is_control() || "\u{202e}\u{2066}\u{200b}\u{2028}\u{feff}\u{e0041}".contains(c);
        assert!(!run.stdout.trim_end_matches('\n').contains(steers), "{:?}", run.stdout);
        let shown = answer["claims"]["h"].as_str().unwrap_or_else(|| answer["payload"].as_str().unwrap());
        let meant: String = serde_json::from_str(&format!("\"{hostile}\"")).unwrap();
        assert!(shown == meant || shown == hostile, "nothing is lost: {shown:?}");
        assert!(run.stdout.contains("é 😀 "), "what is to be seen stays: {}", run.stdout);
    }
    let run = folder.run("verify --jwks absent\u{9b}31m\u{202e} --issuer i --audience a", "");
    assert!(run.status == 3 && !format!("{}{}", run.stdout, run.stderr).contains(['\u{9b}', '\u{202e}']));
}

#[test]
fn help_tells_the_exit_statuses() {
    let run = Folder::new().run("--help", "");
    assert!(run.status == 0 && run.stdout.contains("1 the token was refused"), "{}", run.stdout);
}
