import type { SentinelError } from "../errors.js";

// The public types of `/policy`, as they are published. Names are those of OpenFGA's JavaScript SDK where it has them.

/** A condition of a tuple: its name in the model, and what is known of its parameters. */
export interface RelationshipCondition {
  readonly name: string;
  readonly context?: object;
}

/** A relationship: the user has the relation to the object. */
export interface TupleKey {
  /** `user:anne`, `group:eng#member` or `user:*`. */
  readonly user: string;
  /** `viewer` */
  readonly relation: string;
  /** `document:1` */
  readonly object: string;
  readonly condition?: RelationshipCondition;
}

/** The key of a tuple to be deleted, whatever its condition. */
export type TupleKeyWithoutCondition = Pick<TupleKey, "user" | "relation" | "object">;

/** Relation references of a userset rewrite. */
export interface ObjectRelation {
  object?: string;
  relation?: string;
}

/** How a relation follows from tuples and other relations: one of its members is there. */
export interface Userset {
  this?: object;
  computedUserset?: ObjectRelation;
  tupleToUserset?: { tupleset: ObjectRelation; computedUserset: ObjectRelation };
  union?: { child: Userset[] };
  intersection?: { child: Userset[] };
  difference?: { base: Userset; subtract: Userset };
}

/** A type of a model in OpenFGA's JSON form. */
export interface TypeDefinition {
  type: string;
  relations?: Record<string, Userset>;
  metadata?: object | null;
}

/** A model in OpenFGA's JSON form. */
export interface AuthorizationModel {
  schema_version: string;
  type_definitions: TypeDefinition[];
  conditions?: Record<string, object>;
}

/** What an engine is made of. */
export interface PolicyEngineOptions {
  /** OpenFGA's DSL, or its JSON form as text or as an object. */
  readonly model: string | AuthorizationModel;
  /**
   * Tuple keys, or text with one in each line: JSON (`{"user":…,"relation":…,"object":…}`) or `document:1#viewer@user:anne`.
   * Of two that differ only in their condition the later counts.
   */
  readonly tuples?: Iterable<TupleKey> | string;
  /** Longest chain of tuples from an object to a user: 25 as in OpenFGA. Beyond it there is no answer (`budget_exceeded`). */
  readonly maxDepth?: number;
  /** Most steps of one question: 10,000,000. Beyond it there is no answer (`budget_exceeded`). */
  readonly maxWork?: number;
}

/** What is known for one question only. */
export interface QuestionContext {
  /** Tuples that hold for this question, any number of them. */
  readonly contextualTuples?: readonly TupleKey[];
  /** Values for the parameters of conditions. What was written with a tuple goes before. */
  readonly context?: object;
}

export interface CheckRequest extends QuestionContext {
  readonly user: string;
  readonly relation: string;
  readonly object: string;
}

export interface CheckResponse {
  readonly allowed: boolean;
}

export interface BatchCheckItem extends CheckRequest {
  /** Comes back with the answer. */
  readonly correlationId?: string;
}

export interface BatchCheckRequest {
  readonly checks: readonly BatchCheckItem[];
}

export interface BatchCheckSingleResponse {
  /** `false` where there is no answer. */
  readonly allowed: boolean;
  readonly request: BatchCheckItem;
  readonly correlationId?: string;
  /** Why there is no answer. */
  readonly error?: SentinelError;
}

export interface BatchCheckResponse {
  readonly result: readonly BatchCheckSingleResponse[];
}

export interface ExpandRequest {
  readonly relation: string;
  readonly object: string;
  readonly contextualTuples?: readonly TupleKey[];
}

/** How a relation of an object is made up. */
export interface UsersetTreeNode {
  readonly name: string;
  readonly leaf?: {
    readonly users?: { readonly users: readonly string[] };
    readonly computed?: { readonly userset: string };
    readonly tupleToUserset?: { readonly tupleset: string; readonly computed: ReadonlyArray<{ readonly userset: string }> };
  };
  readonly union?: { readonly nodes: readonly UsersetTreeNode[] };
  readonly intersection?: { readonly nodes: readonly UsersetTreeNode[] };
  readonly difference?: { readonly base: UsersetTreeNode; readonly subtract: UsersetTreeNode };
}

export interface ExpandResponse {
  readonly tree: { readonly root: UsersetTreeNode };
}

/** One step of an explanation. */
export interface ExplainStep {
  /** How deep it stands in the proof; 0 for what was tried in vain. */
  readonly level: number;
  /** What follows: `document:1#viewer`. */
  readonly relation: string;
  /** From what. `no_tuple` and `excluded` were tried in vain. */
  readonly by: "itself" | "tuple" | "userset" | "parent" | "computed" | "intersection" | "exclusion" | "no_tuple" | "excluded";
  /** The tuple: `document:1#viewer@user:anne`. */
  readonly tuple?: string;
  /** The other relation of the object (`computed`). */
  readonly from?: string;
  /** The relation that the user has to the parent (`parent`). */
  readonly parentRelation?: string;
}

export interface ExplainResponse {
  readonly allowed: boolean;
  /** For an allow the shortest proof, each step before those it rests on; for a deny all that was tried. */
  readonly steps: readonly ExplainStep[];
}

export interface ListObjectsRequest extends QuestionContext {
  readonly user: string;
  readonly relation: string;
  readonly type: string;
}

export interface ListObjectsResponse {
  /** Sorted, all of them. */
  readonly objects: readonly string[];
}

export interface UserTypeFilter {
  readonly type: string;
  readonly relation?: string;
}

export interface ListUsersRequest extends QuestionContext {
  readonly object: string | { readonly type: string; readonly id: string };
  readonly relation: string;
  /** Exactly one. */
  readonly user_filters: readonly [UserTypeFilter];
}

/** One of its members is there. */
export interface User {
  readonly object?: { readonly type: string; readonly id: string };
  readonly userset?: { readonly type: string; readonly id: string; readonly relation: string };
  readonly wildcard?: { readonly type: string };
}

export interface ListUsersResponse {
  readonly users: readonly User[];
}

export interface ListRelationsRequest extends QuestionContext {
  readonly user: string;
  readonly object: string;
  /** Which are asked for; without it all relations of the object's type. */
  readonly relations?: readonly string[];
}

export interface ListRelationsResponse {
  readonly relations: readonly string[];
}

export interface WriteRequest {
  readonly writes?: readonly TupleKey[];
  readonly deletes?: readonly TupleKeyWithoutCondition[];
}

export interface WriteRequestOptions {
  readonly conflict?: {
    /** What a tuple is that is there already, exactly as it is written. */
    readonly onDuplicateWrites?: "error" | "ignore";
    /** What a tuple is that is not there to be deleted. */
    readonly onMissingDeletes?: "error" | "ignore";
  };
}

/**
 * A model and its tuples in memory, and what follows from them. `createPolicyEngine` makes one.
 *
 * Whatever cannot be answered throws a `PolicyError`: an error is never an allow.
 */
export interface PolicyEngine {
  /** Whether the user has the relation to the object. */
  check(request: CheckRequest): CheckResponse;
  /** Many checks, each with its own answer or error. */
  batchCheck(request: BatchCheckRequest): BatchCheckResponse;
  /** How a relation of an object is made up, a level deep. */
  expand(request: ExpandRequest): ExpandResponse;
  /** Why a check is answered as it is. */
  explain(request: CheckRequest): ExplainResponse;
  /** The objects of a type that the user has the relation to. */
  listObjects(request: ListObjectsRequest): ListObjectsResponse;
  /** The users that have the relation to the object. */
  listUsers(request: ListUsersRequest): ListUsersResponse;
  /** The relations that the user has to the object. */
  listRelations(request: ListRelationsRequest): ListRelationsResponse;
  /** Deletes and writes tuples in memory: all of them or, where one is refused, none. */
  write(request: WriteRequest, options?: WriteRequestOptions): void;
  /** Adds many tuples at once: faster than `write`, and those that are there already are no errors. All of them or none. */
  load(tuples: Iterable<TupleKey> | string): void;
  /** All tuples, in no promised order. */
  read(): TupleKey[];
  /** Takes another model into use. The tuples stay; those that it does not allow count no more. */
  replaceModel(model: string | AuthorizationModel): void;
  /** How many tuples there are. */
  readonly size: number;
  /** What the engine's memory takes, in bytes. It grows and does not shrink. */
  readonly memoryBytes: number;
}

/** One mistake of a model. Lines and columns count from 0; they are there where the model came as text. */
export interface ModelMistake {
  /** The reference's kind, e.g. `missing-definition`. */
  readonly kind: string;
  /** The reference's sentence. */
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly endLine?: number;
  readonly endColumn?: number;
  /** The word that it is about. */
  readonly symbol?: string;
  readonly type?: string;
  readonly relation?: string;
}

/** What the entry points export. */
export interface PolicyFunctions {
  /** Makes an engine of a model and tuples. A model that is not valid is a `PolicyError` (`model_invalid`) with its mistakes. */
  createPolicyEngine(options: PolicyEngineOptions): PolicyEngine;
  /** What is wrong with a model: all that OpenFGA's language tools find, or else the first that its server would; nothing if it is valid. */
  validateModel(model: string | AuthorizationModel): readonly ModelMistake[];
  /** The model in the DSL, as the reference formats it. Comments are lost. */
  formatModel(model: string | AuthorizationModel): string;
  /** The model in OpenFGA's JSON form. */
  modelToJson(model: string | AuthorizationModel): AuthorizationModel;
}

/** As `PolicyFunctions`, where the module is loaded first. */
export type AsyncPolicyFunctions = {
  [Name in keyof PolicyFunctions]: (
    ...parameters: Parameters<PolicyFunctions[Name]>
  ) => Promise<ReturnType<PolicyFunctions[Name]>>;
};
