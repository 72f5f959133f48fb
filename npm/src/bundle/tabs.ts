/** Reads events until they end. */
export type Listen = (signal: AbortSignal, opened: () => void, changed: () => void) => Promise<void>;

/**
 * Of all tabs of this site one listens, and tells the others: a browser has few connections for one server. The others
 * wait for its place. Where a browser has no locks everyone listens.
 */
export function together(name: string, listen: Listen): Listen {
  const locks = typeof navigator === "undefined" ? undefined : (navigator.locks as LockManager | undefined);
  if (locks === undefined || typeof BroadcastChannel === "undefined") return listen;
  return async (signal, opened, changed) => {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => data === "changed" && changed();
    const tell = (): void => {
      channel.postMessage("changed");
      changed();
    };
    try {
      await locks.request(name, { signal }, () => listen(signal, opened, tell));
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      channel.close();
    }
  };
}
