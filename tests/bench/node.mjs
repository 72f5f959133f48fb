// Node: the suite in a process of its own. Reads `{ data, plan }` from its input, prints the results.
import { text } from "node:stream/consumers";
import * as fastJwt from "./contenders/fast-jwt.mjs";
import * as jose from "./contenders/jose.mjs";
import * as jsonwebtoken from "./contenders/jsonwebtoken.mjs";
import * as nodeCrypto from "./contenders/node-crypto.mjs";
import * as sentinel from "./contenders/sentinel.mjs";
import * as pure from "./contenders/sentinel-pure.mjs";
import * as subtle from "./contenders/subtle.mjs";
import { suite } from "./suite.mjs";

const { data, plan } = JSON.parse(await text(process.stdin));

// Of the whole process: crypto.subtle works in threads.
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

const modules = [sentinel, pure, fastJwt, jose, jsonwebtoken, nodeCrypto, subtle];
const loaded = suite(modules, data);
const { unable } = await loaded.names();
console.log(JSON.stringify({ unable, ...(await loaded.measure({ ...plan, cpu })) }));
