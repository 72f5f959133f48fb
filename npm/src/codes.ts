// Generated from core by `cargo run -q -p sentinel-core --example codes`. Do not edit.

/** A stable error code. */
export type ErrorCode =
  /** the token is not a well-formed JWS in compact serialization */
  | "token_malformed"
  /** the token is longer than the limit */
  | "token_too_large"
  /** the token's algorithm is not in the allow-list */
  | "algorithm_not_allowed"
  /** the token is of another type than the expected one */
  | "type_mismatch"
  /** the token has a critical header parameter that is not understood */
  | "critical_header"
  /** no key fits the token */
  | "key_not_found"
  /** more than one key fits the token */
  | "key_ambiguous"
  /** the key may not be used */
  | "key_unusable"
  /** the signature is not valid for this token and key */
  | "signature_invalid"
  /** a required claim is missing */
  | "claim_missing"
  /** a claim has a wrong type or value */
  | "claim_invalid"
  /** the token has expired */
  | "token_expired"
  /** the token is not valid yet */
  | "token_not_yet_valid"
  /** the token has been revoked */
  | "token_revoked"
  /** the token is from another issuer */
  | "issuer_mismatch"
  /** the token is for another audience */
  | "audience_mismatch"
  /** the authorization token does not belong to the identity token or to this service */
  | "binding_mismatch"
  /** the algorithm cannot be verified in this environment */
  | "algorithm_unavailable"
  /** the configuration is not valid */
  | "configuration_invalid"
  /** the authorization model is not valid */
  | "model_invalid"
  /** the bundle is not valid */
  | "bundle_invalid"
  /** the bundle is too old to decide */
  | "bundle_stale"
  /** what is known here does not suffice to decide */
  | "undecided"
  /** the evaluation exceeded its budget */
  | "budget_exceeded"
  /** a needed component is unavailable */
  | "unavailable"
  /** nobody is logged in */
  | "login_required"
  /** the login was refused */
  | "login_refused"
  /** the request was refused */
  | "request_refused";

export const ERROR_CODES: readonly ErrorCode[] = [
  "token_malformed",
  "token_too_large",
  "algorithm_not_allowed",
  "type_mismatch",
  "critical_header",
  "key_not_found",
  "key_ambiguous",
  "key_unusable",
  "signature_invalid",
  "claim_missing",
  "claim_invalid",
  "token_expired",
  "token_not_yet_valid",
  "token_revoked",
  "issuer_mismatch",
  "audience_mismatch",
  "binding_mismatch",
  "algorithm_unavailable",
  "configuration_invalid",
  "model_invalid",
  "bundle_invalid",
  "bundle_stale",
  "undecided",
  "budget_exceeded",
  "unavailable",
  "login_required",
  "login_refused",
  "request_refused",
];

/** Why a decision is what it is. */
export type Reason =
  /** the route is public */
  | "public"
  /** the caller is authenticated */
  | "authenticated"
  /** the caller has the role */
  | "role"
  /** the caller has the action */
  | "action"
  /** the caller has the relation to the resource */
  | "relation"
  /** no rule names the route */
  | "no_rule"
  /** the path can be read in more than one way */
  | "path_refused"
  /** the method is not one that a rule can name */
  | "method_refused"
  /** the route asks for an identity */
  | "unauthenticated"
  /** the token has been revoked */
  | "revoked"
  /** the caller's workspace is not allowed here */
  | "workspace_not_allowed"
  /** the caller lacks the role */
  | "role_required"
  /** the caller lacks the action */
  | "action_required"
  /** the caller lacks the relation to the resource */
  | "relation_required";

export const REASONS: readonly Reason[] = [
  "public",
  "authenticated",
  "role",
  "action",
  "relation",
  "no_rule",
  "path_refused",
  "method_refused",
  "unauthenticated",
  "revoked",
  "workspace_not_allowed",
  "role_required",
  "action_required",
  "relation_required",
];

/** A signature algorithm (RFC 7518, RFC 8037, RFC 9864). */
export type Algorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519"
  | "HS256"
  | "HS384"
  | "HS512";

export const ALGORITHMS: readonly Algorithm[] = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
  "HS256",
  "HS384",
  "HS512",
];
