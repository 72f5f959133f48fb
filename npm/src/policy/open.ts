import { SentinelError } from "../errors.js";
import type * as api from "./api.js";
import { guarded, PolicyEngine, textOf } from "./engine.js";
import { failed } from "./errors.js";
import { Instance } from "./instance.js";

/** What the module says of a model: `wasm/policy/src/model.rs`. */
const enum Judge {
  Mistakes,
  Json,
  Text,
}

/** Answers about models, and engines, of a module that is there. */
class Policy {
  readonly #module: WebAssembly.Module;
  /** For questions about models alone. */
  #instance: Instance | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  create(options: api.PolicyEngineOptions): api.PolicyEngine {
    return new PolicyEngine(this.#module, options);
  }

  mistakes(model: string | api.AuthorizationModel): readonly api.ModelMistake[] {
    try {
      this.#judge(Judge.Mistakes, model);
      return [];
    } catch (error) {
      const { mistakes = [] } = error as { mistakes?: readonly api.ModelMistake[] };
      if (mistakes.length > 0) return mistakes;
      throw error;
    }
  }

  printed(model: string | api.AuthorizationModel): string {
    return this.#judge(Judge.Text, model).json() as string;
  }

  json(model: string | api.AuthorizationModel): api.AuthorizationModel {
    return this.#judge(Judge.Json, model).json() as api.AuthorizationModel;
  }

  #judge(kind: Judge, model: unknown): Instance {
    const text = guarded(() => textOf(model));
    const instance = (this.#instance ??= new Instance(this.#module));
    try {
      instance.send(text, (exports, length) => exports.judge!(kind, length));
    } catch (error) {
      // Another one next time: this one may have failed for good.
      if ((error as SentinelError).code === "unavailable") this.#instance = undefined;
      throw error;
    }
    return instance;
  }
}

/**
 * Makes the functions of an entry point of its way to load the module. It is loaded with the first call, so that importing
 * costs nothing and a failure is an error there.
 */
export function open(load: () => WebAssembly.Module): api.PolicyFunctions {
  let policy: Policy | undefined;
  const loaded = () => {
    try {
      return (policy ??= new Policy(load()));
    } catch (cause) {
      throw failed("the WebAssembly module could not be loaded", cause);
    }
  };
  return {
    createPolicyEngine: (options) => loaded().create(options),
    validateModel: (model) => loaded().mistakes(model),
    formatModel: (model) => loaded().printed(model),
    modelToJson: (model) => loaded().json(model),
  };
}

/** As `open`, for a module that takes time to load. A load that failed is tried again by the next call. */
export function openAsync(load: () => Promise<WebAssembly.Module>): api.AsyncPolicyFunctions {
  let policy: Promise<Policy> | undefined;
  const loaded = async () => {
    policy ??= load().then((module) => new Policy(module));
    try {
      return await policy;
    } catch (cause) {
      policy = undefined;
      throw failed("the WebAssembly module could not be loaded", cause);
    }
  };
  return {
    createPolicyEngine: async (options) => (await loaded()).create(options),
    validateModel: async (model) => (await loaded()).mistakes(model),
    formatModel: async (model) => (await loaded()).printed(model),
    modelToJson: async (model) => (await loaded()).json(model),
  };
}
