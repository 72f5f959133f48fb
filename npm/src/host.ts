/** A module of the host where it has one synchronously: Node, Deno, Bun, some Workers. No bundler sees an import. */
export function builtin<T>(name: string): T | undefined {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => T | undefined } }).process;
  try {
    return host?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}
