//! Identity providers as the Sentinel server meets them: OpenID Connect and GitHub.
#![forbid(unsafe_code)]
