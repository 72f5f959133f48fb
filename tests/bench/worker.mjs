// workerd: the suite behind a few requests.
import * as fastJwt from "./contenders/fast-jwt.mjs";
import * as jose from "./contenders/jose.mjs";
import * as jsonwebtoken from "./contenders/jsonwebtoken.mjs";
import * as nodeCrypto from "./contenders/node-crypto.mjs";
import * as sentinel from "./contenders/sentinel.mjs";
import * as subtle from "./contenders/subtle.mjs";
import { suite } from "./suite.mjs";

const modules = [sentinel, fastJwt, jose, jsonwebtoken, nodeCrypto, subtle];
let loaded;

const commands = {
  async load(data) {
    loaded = suite(modules, data);
    return loaded.names();
  },
  measure: (plan) => loaded.measure(plan),
  ready: (name) => loaded.ready(name),
  alone: () => loaded.alone(),
};

export default {
  async fetch(request) {
    return Response.json((await commands[new URL(request.url).pathname.slice(1)](await request.json())) ?? null);
  },
};
