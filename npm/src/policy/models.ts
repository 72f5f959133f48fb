import type { SentinelError } from "../errors.js";
import type * as api from "./api.js";
import { guarded, PolicyEngine, textOf } from "./engine.js";
import { Instance } from "./instance.js";
import { loading, loadingAsync } from "./open.js";

/** What the module says of a model: `wasm/policy/src/model.rs`. */
const enum Judge {
  Mistakes,
  Json,
  Text,
}

/** Answers about models, of a module that is there. */
class Models {
  readonly #module: WebAssembly.Module;
  /** For questions about models alone. */
  #instance: Instance | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
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

/** Makes the functions of an entry point of its way to load the module. */
export function open(load: () => WebAssembly.Module): api.PolicyFunctions {
  const module = loading(load);
  let models: Models | undefined;
  const judge = () => (models ??= new Models(module()));
  return {
    createPolicyEngine: (options) => new PolicyEngine(module(), options),
    validateModel: (model) => judge().mistakes(model),
    formatModel: (model) => judge().printed(model),
    modelToJson: (model) => judge().json(model),
  };
}

/** As `open`, for a module that takes time to load. */
export function openAsync(load: () => Promise<WebAssembly.Module>): api.AsyncPolicyFunctions {
  const module = loadingAsync(load);
  let models: Models | undefined;
  const judge = async () => (models ??= new Models(await module()));
  return {
    createPolicyEngine: async (options) => new PolicyEngine(await module(), options),
    validateModel: async (model) => (await judge()).mistakes(model),
    formatModel: async (model) => (await judge()).printed(model),
    modelToJson: async (model) => (await judge()).json(model),
  };
}
