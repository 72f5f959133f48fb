//! Signing keys of the Sentinel server: generated, sealed at rest, rotated, signing.
#![forbid(unsafe_code)]
