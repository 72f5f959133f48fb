//! HTTP before the library, in one process with it: a thread for each connection, which hands over what was sent and
//! sends back what was answered. `/nothing` is answered without the library: what the front costs by itself.

use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char, c_int, c_ulonglong, c_void};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use libloading::{Library, Symbol};
use serde_json::Value;

type Start = unsafe extern "C" fn(*const c_char) -> *mut c_char;
type Free = unsafe extern "C" fn(*mut c_char);
type FreeBytes = unsafe extern "C" fn(*mut c_void);
type Call = unsafe extern "C" fn(c_ulonglong, *const u8, c_int, *mut *mut u8, *mut c_int, *mut *mut c_char);

/// Its functions, by what is asked.
const CALLS: [(&str, &[u8]); 4] = [
    ("/check", b"spicedb_permissions_check_permission\0"),
    ("/bulk", b"spicedb_permissions_check_bulk_permissions\0"),
    ("/write", b"spicedb_permissions_write_relationships\0"),
    ("/schema", b"spicedb_schema_write_schema\0"),
];

/// An instance in this process.
struct Instance {
    library: Library,
    handle: c_ulonglong,
}

/// Serves until the input ends. Says its address in one line.
pub(crate) fn serve(library: &Path) -> Result<()> {
    let instance = Arc::new(Instance::start(library)?);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    std::io::stdout().flush()?;
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let (Ok(socket), instance) = (socket, Arc::clone(&instance)) else { continue };
            // A connection that fails is the client's to tell.
            std::thread::spawn(move || connection(socket, &instance).ok());
        }
    });
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn connection(socket: TcpStream, instance: &Arc<Instance>) -> Result<()> {
    socket.set_nodelay(true)?;
    socket.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let socket = TokioIo::new(tokio::net::TcpStream::from_std(socket)?);
        let service = service_fn(|request| answer(request, Arc::clone(instance)));
        http1::Builder::new().serve_connection(socket, service).await?;
        Ok(())
    })
}

async fn answer(request: Request<Incoming>, instance: Arc<Instance>) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let answer = match request.into_body().collect().await {
        // It blocks, and this thread has nothing else to do.
        Ok(body) => instance.answer(&path, &body.to_bytes()),
        Err(error) => Err(error.into()),
    };
    let (status, body) = match answer {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string().into()),
    };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    Ok(response)
}

impl Instance {
    fn start(path: &Path) -> Result<Self> {
        // SAFETY: running its initialisers is what loading it is for: a Go runtime starts, and nothing else.
        let library = unsafe { Library::new(path) }.with_context(|| path.display().to_string())?;
        let options = CString::new(r#"{"datastore":"memory"}"#)?;
        let text = {
            // SAFETY: `char *spicedb_start(const char *)`: its options as JSON.
            let start: Symbol<'_, Start> = unsafe { library.get(b"spicedb_start\0") }?;
            // SAFETY: the text ends with a NUL and lives until the call returns.
            take(&library, unsafe { start(options.as_ptr()) })?
        };
        let said: Value = serde_json::from_str(&text)?;
        let handle = said.pointer("/data/handle").and_then(Value::as_u64).with_context(|| text.clone())?;
        Ok(Self { library, handle })
    }

    fn answer(&self, path: &str, request: &[u8]) -> Result<Vec<u8>> {
        if path == "/nothing" {
            return Ok(request.get(..8).unwrap_or_default().to_vec());
        }
        let (_, name) = CALLS.iter().find(|(known, _)| *known == path).context("there is no such call")?;
        // SAFETY: every call of the library has this one form.
        let call: Symbol<'_, Call> = unsafe { self.library.get(*name) }?;
        let (mut answer, mut length, mut error) = (std::ptr::null_mut(), 0, std::ptr::null_mut());
        let size = c_int::try_from(request.len())?;
        // SAFETY: the request lives until the call returns, and it writes to no more than the three places.
        unsafe { call(self.handle, request.as_ptr(), size, &raw mut answer, &raw mut length, &raw mut error) };
        if !error.is_null() {
            let text = take(&self.library, error)?;
            anyhow::bail!("{text}");
        }
        if answer.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: where there is no error these are `length` bytes, ours until they are given back.
        let octets = unsafe { std::slice::from_raw_parts(answer, usize::try_from(length)?) }.to_vec();
        // SAFETY: `void spicedb_free_bytes(void *)`.
        let free: Symbol<'_, FreeBytes> = unsafe { self.library.get(b"spicedb_free_bytes\0") }?;
        // SAFETY: the library made them, and nobody holds them any more.
        unsafe { free(answer.cast()) };
        Ok(octets)
    }
}

/// A text that the library made; given back to it.
fn take(library: &Library, text: *mut c_char) -> Result<String> {
    ensure!(!text.is_null(), "the library answered nothing");
    // SAFETY: the library's texts end with a NUL and are ours until they are given back.
    let found = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
    // SAFETY: `void spicedb_free(char *)`.
    let free: Symbol<'_, Free> = unsafe { library.get(b"spicedb_free\0") }?;
    // SAFETY: the library made it, and nobody holds it any more.
    unsafe { free(text) };
    Ok(found)
}
