// The same for CommonJS.
import sentinel = require("sentinel-edge");
import client = require("sentinel-edge/client");
import policy = require("sentinel-edge/policy");
import slim = require("sentinel-edge/slim");

const jwks = { keys: [] };
const verifier: sentinel.Verifier = sentinel.createVerifier({ issuer: "i", audience: sentinel.ANY, jwks });
const small: slim.Verifier = slim.createVerifier({ issuer: "i", audience: slim.ANY, jwks });
const browser: client.SentinelClient = new client.SentinelAuth({ sentinelUrl: "https://auth.example.com" });
const engine: policy.PolicyEngine = policy.createPolicyEngine({ model: "model" });
export = { verifier, small, browser, engine };
