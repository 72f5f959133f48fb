import { fileURLToPath } from "node:url";

// The packages lie two folders up.
const root = fileURLToPath(new URL("../..", import.meta.url));

export default { outputFileTracingRoot: root, turbopack: { root }, typescript: { ignoreBuildErrors: true } };
