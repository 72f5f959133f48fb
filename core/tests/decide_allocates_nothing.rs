//! A decision on a route allocates nothing: it is made for every request, and in WebAssembly memory never shrinks.

use sentinel_core::route::{Allow, Request, Rule};
use sentinel_core::{Policy, Reason, RoleOrder};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes on to the system's allocator unchanged; counting touches nothing else.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps this function's contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn whatever_the_path() {
    let mut rules = vec![
        Rule::new("GET", "/docs/:id", Allow::authenticated()).unwrap(),
        Rule::new("*", "/admin/**", Allow::role("admin")).unwrap(),
        Rule::new("*", "/**", Allow::public()).unwrap(),
    ];
    rules.extend((0..200).map(|n| Rule::new("GET", &format!("/r{n}/:id"), Allow::role("editor")).unwrap()));
    let policy = Policy::new(RoleOrder::SENTINEL, rules).unwrap();
    let long = format!("/{}", "a/b%C3%A9/".repeat(800));
    let mut decided = [None; 6];
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for (path, slot) in ["/docs/7", "/r199/x", "/caf%C3%A9/", "/Admin/x", "/a//b", &long].into_iter().zip(&mut decided)
    {
        *slot = Some(policy.decide(&Request { method: "GET", path }, None).reason());
    }
    assert_eq!(ALLOCATIONS.load(Ordering::Relaxed), before);
    use Reason::{PathRefused, Public, Unauthenticated};
    let expected = [Unauthenticated, Unauthenticated, Public, PathRefused, PathRefused, Public];
    assert_eq!(decided, expected.map(Some));
    let _ = policy.explain(&policy.decide(&Request { method: "GET", path: "/docs/7" }, None));
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > before, "the counter counts");
}
