// Chromium: the suite on a page.
import * as jose from "./contenders/jose.mjs";
import * as sentinel from "./contenders/sentinel.mjs";
import * as subtle from "./contenders/subtle.mjs";
import { suite } from "./suite.mjs";

let loaded;

window.bench = {
  async load(data) {
    loaded = suite([sentinel, jose, subtle], data);
    return loaded.names();
  },
  measure: (plan) => loaded.measure(plan),
  ready: (name) => loaded.ready(name),
  alone: () => loaded.alone(),
};
