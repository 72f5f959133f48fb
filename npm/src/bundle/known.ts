import { misconfigured, unavailable } from "../errors.js";
import type { KnownNamespace, KnownStorage } from "./api.js";

/** What is remembered of one place: `core/src/bundle/known.rs`. */
export class Memory {
  readonly #store: KnownStorage | KnownNamespace;
  readonly #key: string;

  constructor(store: KnownStorage | KnownNamespace, place: string) {
    if (typeof (store as KnownStorage).getItem !== "function" && typeof (store as KnownNamespace).get !== "function") {
      throw misconfigured("store must have getItem and setItem, or get and put");
    }
    this.#store = store;
    this.#key = `sentinel:bundle:${place}`;
  }

  /** Empty where nothing is. What cannot be read is not nothing: an older bundle could be taken again. */
  async read(): Promise<string> {
    const store = this.#store;
    try {
      const text = await ("getItem" in store ? store.getItem(this.#key) : store.get(this.#key));
      if (text === null || text === undefined) return "";
      if (typeof text === "string" && text !== "") return text;
    } catch (cause) {
      throw unavailable("what is remembered of earlier bundles could not be read", cause);
    }
    throw unavailable("what is remembered of earlier bundles is no text");
  }

  async write(known: string): Promise<void> {
    const store = this.#store;
    try {
      await ("setItem" in store ? store.setItem(this.#key, known) : store.put(this.#key, known));
    } catch (cause) {
      throw unavailable("what is to be remembered could not be written", cause);
    }
  }
}
