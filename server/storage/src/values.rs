//! Words that a column holds, as types.

use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};

/// An enumeration that is stored as one of a few words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// All of them, the least first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// The one with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<DB: Database> Type<DB> for $name
        where
            str: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                <str as Type<DB>>::type_info()
            }

            fn compatible(ty: &DB::TypeInfo) -> bool {
                <str as Type<DB>>::compatible(ty)
            }
        }

        impl<'q, DB: Database> Encode<'q, DB> for $name
        where
            &'static str: Encode<'q, DB>,
        {
            fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
                self.as_str().encode_by_ref(buffer)
            }
        }

        impl<'r, DB: Database> Decode<'r, DB> for $name
        where
            &'r str: Decode<'r, DB>,
        {
            fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
                let word = <&str>::decode(value)?;
                Self::from_word(word).ok_or_else(|| concat!("unknown word for ", stringify!($name)).into())
            }
        }
    };
}

words! {
    /// What a member may do in a workspace; a greater one may all that a lesser one may.
    WorkspaceRole {
        /// Reads.
        Viewer = "viewer",
        /// Also creates, and edits what is theirs.
        Editor = "editor",
        /// Also edits all, and manages members, groups and settings.
        Admin = "admin",
        /// Also deletes the workspace.
        Owner = "owner",
    }
}

words! {
    /// Who sees a resource besides its owner, those it is shared with, and the workspace's admins.
    Visibility {
        /// Nobody.
        Private = "private",
        /// Every member of the workspace.
        Workspace = "workspace",
    }
}

words! {
    /// What a share allows.
    Permission {
        /// To view.
        View = "view",
        /// To view and to edit.
        Edit = "edit",
    }
}

words! {
    /// What a login is for: its way back must be the one that it began for.
    LoginPurpose {
        /// An authorization code for a front end.
        Login = "login",
        /// The admin's pages.
        Admin = "admin",
        /// A front end's own exchange of a provider's code.
        Authz = "authz",
    }
}

words! {
    /// What a revocation names.
    RevocationKind {
        /// One token, by its `jti`.
        Token = "token",
        /// All tokens of a session, by its id.
        Session = "session",
        /// What a user had been given before the revocation's `at`, by the user's id.
        User = "user",
        /// What a member had been given in a workspace before `at`: the ids of both, with a slash between them.
        Member = "member",
        /// What anyone had been given in a workspace before `at`, by its id.
        Workspace = "workspace",
        /// What anyone had been given before `at`; its value is empty.
        All = "all",
    }
}

words! {
    /// Why a session ended before its time.
    RevokedFor {
        /// The user logged out of it.
        Logout = "logout",
        /// A refresh token was used again (RFC 9700, section 4.14.2).
        Reuse = "reuse",
        /// The authorization code that it came from was used again (RFC 6749, section 4.1.2).
        Replay = "replay",
        /// The user ended it from elsewhere.
        User = "user",
        /// An administrator ended it, or deactivated the user.
        Admin = "admin",
        /// The user is no longer a member of its workspace.
        Membership = "membership",
    }
}

words! {
    /// What an account logs in with here.
    SecretKind {
        /// A password.
        Password = "password",
        /// A short number.
        Pin = "pin",
    }
}

words! {
    /// Which system's tokens a session has.
    SessionDialect {
        /// Sentinel Auth's: `wid wslug wrole groups`.
        Sentinel = "sentinel",
        /// The tenant API's: `role tenant_id`; a refresh token is good once, without grace.
        Tenant = "tenant",
        /// The convergence of micro-frontends': `username first_name last_name workspace_id role`.
        Converged = "converged",
        /// Those of local accounts.
        Local = "local",
    }
}

words! {
    /// How a workspace's own identity provider is spoken to.
    SsoProtocol {
        /// SAML 2.0.
        Saml2 = "saml2",
        /// OpenID Connect.
        Oidc = "oidc",
    }
}

words! {
    /// What a configuration of a workspace's provider is good for.
    SsoStage {
        /// To be tried.
        Draft = "draft",
        /// To log in by.
        Enabled = "enabled",
    }
}

words! {
    /// How a domain was proven.
    DomainProof {
        /// Its DNS showed the token.
        Dns = "dns",
        /// An administrator of the deployment decided it.
        Administrator = "administrator",
    }
}

words! {
    /// Where a login by a workspace's own provider is on its way.
    JourneyPurpose {
        /// A link to try a configuration with.
        Try = "try",
        /// On its way to the provider and back.
        Leave = "leave",
        /// Back from the provider, and judged: its browser has to come for it.
        Arrive = "arrive",
    }
}
