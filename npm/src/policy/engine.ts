import type * as api from "./api.js";
import { SentinelError } from "../errors.js";
import { failed, misused } from "./errors.js";
import { Instance, Kind } from "./instance.js";
import { pieces } from "./tuples.js";

const ALLOWED: api.CheckResponse = Object.freeze({ allowed: true });
const DENIED: api.CheckResponse = Object.freeze({ allowed: false });

/** As in `core/src/policy/resolve/mod.rs`. */
const DEPTH = 25;
const WORK = 10_000_000;

/** One engine over an instance of its own. It translates; the module decides. */
export class PolicyEngine implements api.PolicyEngine {
  readonly #instance: Instance;
  readonly #depth: number;
  readonly #work: number;

  constructor(module: WebAssembly.Module, options: api.PolicyEngineOptions) {
    if (typeof options !== "object" || options === null) throw misused("createPolicyEngine needs options");
    const { model, tuples, maxDepth = DEPTH, maxWork = WORK, ...rest } = options;
    const unknown = Object.keys(rest)[0];
    if (unknown !== undefined) throw misused(`unknown option ${unknown}`);
    this.#depth = whole("maxDepth", maxDepth, 2 ** 31);
    this.#work = whole("maxWork", maxWork, 2 ** 52);
    this.#instance = new Instance(module);
    this.replaceModel(model);
    if (tuples !== undefined) this.load(tuples);
  }

  get size(): number {
    return this.#instance.tuples;
  }

  get memoryBytes(): number {
    return this.#instance.memoryBytes;
  }

  check(request: api.CheckRequest): api.CheckResponse {
    try {
      return this.#check(request) ? ALLOWED : DENIED;
    } catch (cause) {
      throw refused(cause);
    }
  }

  #check(request: api.CheckRequest): boolean {
    const { user, relation, object, contextualTuples, context } = asked(request);
    if (typeof user !== "string" || typeof relation !== "string" || typeof object !== "string") {
      throw misused("user, relation and object must be text");
    }
    if (contextualTuples === undefined && context === undefined) return this.#instance.check(object, relation, user);
    return this.#instance.asks({ user, relation, object, contextualTuples, context });
  }

  batchCheck(request: api.BatchCheckRequest): api.BatchCheckResponse {
    const { checks } = guarded(() => asked(request));
    if (!Array.isArray(checks)) throw misused("checks must be a list");
    const result = checks.map((request: api.BatchCheckItem): api.BatchCheckSingleResponse => {
      const id = typeof request?.correlationId === "string" ? request.correlationId : undefined;
      const about = { request, ...(id !== undefined && { correlationId: id }) };
      try {
        return { allowed: this.#check(request), ...about };
      } catch (cause) {
        return { allowed: false, ...about, error: refused(cause) };
      }
    });
    return { result };
  }

  expand(request: api.ExpandRequest): api.ExpandResponse {
    const tree = this.#ask(Kind.Expand, request, ({ relation, object, contextualTuples }) => ({ relation, object, contextualTuples }));
    return { tree: tree as api.ExpandResponse["tree"] };
  }

  explain(request: api.CheckRequest): api.ExplainResponse {
    const told = this.#ask(Kind.Explain, request, ({ user, relation, object, contextualTuples, context }) => ({
      ...{ user, relation, object, contextualTuples, context },
    }));
    return told as api.ExplainResponse;
  }

  listObjects(request: api.ListObjectsRequest): api.ListObjectsResponse {
    const objects = this.#ask(Kind.ListObjects, request, ({ user, relation, type, contextualTuples, context }) => ({
      ...{ user, relation, type, contextualTuples, context },
    }));
    return { objects: objects as string[] };
  }

  listUsers(request: api.ListUsersRequest): api.ListUsersResponse {
    const users = this.#ask(Kind.ListUsers, request, (request) => {
      const { object, relation, user_filters: filters, contextualTuples, context } = request;
      if (!Array.isArray(filters) || filters.length !== 1) throw misused("user_filters must be one filter");
      const { type, relation: userset } = asked(filters[0] as api.UserTypeFilter);
      const of = typeof object === "object" && object !== null ? `${object.type}:${object.id}` : object;
      return { object: of, relation, type, userset, contextualTuples, context };
    });
    return { users: (users as string[]).map(user) };
  }

  listRelations(request: api.ListRelationsRequest): api.ListRelationsResponse {
    const relations = this.#ask(Kind.ListRelations, request, ({ user, object, relations, contextualTuples, context }) => ({
      ...{ user, object, relations, contextualTuples, context },
    }));
    return { relations: relations as string[] };
  }

  write(request: api.WriteRequest, options: api.WriteRequestOptions = {}): void {
    guarded(() => {
      const { writes, deletes } = asked(request);
      const { onDuplicateWrites = "error", onMissingDeletes = "error" } = asked(options).conflict ?? {};
      for (const choice of [onDuplicateWrites, onMissingDeletes]) {
        if (choice !== "error" && choice !== "ignore") throw misused("a conflict is error or ignore");
      }
      const ignored = { ignoreDuplicates: onDuplicateWrites === "ignore", ignoreMissing: onMissingDeletes === "ignore" };
      this.#instance.ask(Kind.Write, { writes, deletes, ...ignored });
    });
  }

  load(tuples: Iterable<api.TupleKey> | string): void {
    guarded(() => {
      for (const piece of pieces(tuples)) this.#instance.send(piece, (exports, length) => exports.load(length));
      this.#instance.send("", (exports) => exports.settle());
    });
  }

  read(): api.TupleKey[] {
    return this.#ask(Kind.Read, {}, (nothing) => nothing) as api.TupleKey[];
  }

  replaceModel(model: string | api.AuthorizationModel): void {
    const text = guarded(() => textOf(model));
    this.#instance.send(text, (exports, length) => exports.model(length, this.#depth, this.#work));
  }

  #ask<T>(kind: Kind, request: T, read: (request: T) => object): unknown {
    return guarded(() => {
      this.#instance.ask(kind, read(asked(request)));
      return this.#instance.json();
    });
  }
}

/** A model as the module reads it. */
export function textOf(model: unknown): string {
  if (typeof model === "string") return model;
  if (typeof model !== "object" || model === null) throw misused("the model must be text or an object");
  return JSON.stringify(model);
}

function asked<T>(request: T): T {
  if (typeof request !== "object" || request === null) throw misused("the request must be an object");
  return request;
}

function whole(name: string, value: number, most: number): number {
  if (!Number.isInteger(value) || value < 1 || value > most) throw misused(`${name} must be an integer`);
  return value;
}

/** What has no JSON, and a getter or an iterator that throws, refuse as everything else does. */
function refused(cause: unknown): SentinelError {
  return cause instanceof SentinelError ? cause : failed("the request could not be read", cause);
}

export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw refused(cause);
  }
}

/** `user:*`, `user:anne` or `group:eng#member`. */
function user(text: string): api.User {
  const [object = "", relation] = text.split("#");
  const colon = object.indexOf(":");
  const [type, id] = [object.slice(0, colon), object.slice(colon + 1)];
  if (relation !== undefined) return { userset: { type, id, relation } };
  return id === "*" ? { wildcard: { type } } : { object: { type, id } };
}
