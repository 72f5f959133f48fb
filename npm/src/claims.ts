/** A claims set (RFC 7519 §4). The registered claims have the right type: core has checked them. */
export interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

/** A JOSE header (RFC 7515 §4). */
export interface Header {
  readonly alg: string;
  readonly kid?: string;
  readonly typ?: string;
  readonly [parameter: string]: unknown;
}

/** Whom a token speaks for. */
export interface Identity {
  /** Never empty. Unique only together with the issuer. */
  readonly userId: string;
  readonly username?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly workspaceId?: string;
  /** The workspace's name in URLs. It can change hands: decide by the id. */
  readonly workspaceSlug?: string;
  readonly organizationId?: string;
  readonly organizationSlug?: string;
  /** The subject at the identity provider, in a token pair. */
  readonly idpSubject?: string;
  readonly issuer?: string;
  readonly jwtId?: string;
  /** Seconds since the epoch. */
  readonly issuedAt?: number;
  /** The role, where the token has exactly one. */
  readonly role?: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly actions: readonly string[];
}
