import { createElement, Fragment, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import type { Arrival } from "../client/api.js";
import { SentinelError } from "../client/index.js";
import type { LoginCallbackProps, WorkspaceSelectorProps } from "./api.js";
import { useValue } from "./context.js";

/** A list of buttons, for those who have no design of their own yet. */
export function WorkspaceSelector({ workspaces, onSelect, isLoading }: WorkspaceSelectorProps): ReactNode {
  const button = ({ id, name, role }: WorkspaceSelectorProps["workspaces"][number]): ReactNode =>
    createElement("li", { key: id }, createElement("button", { type: "button", disabled: isLoading, onClick: () => onSelect(id) }, `${name} (${role})`));
  return createElement("ul", { "aria-label": "Workspaces", "aria-busy": isLoading }, workspaces.map(button));
}

export function LoginCallback(props: LoginCallbackProps): ReactNode {
  const { workspaceSelector = WorkspaceSelector, loading = null, error: shown = ({ code }: SentinelError) => code } = props;
  const { client } = useValue();
  const [arrival, setArrival] = useState<Arrival | null>(null);
  const [error, setError] = useState<SentinelError | null>(null);
  const [choosing, setChoosing] = useState(false);
  // Another function with the next rendering is the same page's.
  const success = useRef(props.onSuccess);
  useEffect(() => {
    success.current = props.onSuccess;
  });

  const choose = useCallback(
    async (workspaceId: string, { returnTo }: Arrival) => {
      setChoosing(true);
      setError(null);
      try {
        const user = await client.selectWorkspace(workspaceId);
        success.current(user, returnTo);
      } catch (failure) {
        setError(asError(failure));
      }
      setChoosing(false);
    },
    [client],
  );

  useEffect(() => {
    let current = true;
    const arrive = async (): Promise<void> => {
      // Strict mode runs this twice: the client answers both with the one login, and only the second goes on with it.
      const arrived = await client.handleCallback();
      if (!current) return;
      if (arrived === null) {
        const { user } = await client.ready();
        if (!current) return;
        if (user === null) throw new SentinelError("login_refused", "there is no answer to a login in the address");
        success.current(user, "/");
        return;
      }
      const [only, ...others] = arrived.workspaces;
      if (only === undefined) throw new SentinelError("login_refused", "the user is a member of no workspace");
      setArrival(arrived);
      if (others.length === 0) await choose(only.id, arrived);
    };
    arrive().catch((failure: unknown) => current && setError(asError(failure)));
    return () => {
      current = false;
    };
  }, [client, choose]);

  const several = arrival !== null && arrival.workspaces.length > 1;
  const list = several
    ? createElement(workspaceSelector, {
        workspaces: arrival.workspaces,
        isLoading: choosing,
        onSelect: (workspaceId: string) => void choose(workspaceId, arrival),
      })
    : null;
  if (error !== null) return createElement(Fragment, null, shown(error), list);
  return list ?? loading;
}

export function asError(failure: unknown): SentinelError {
  if (failure instanceof SentinelError) return failure;
  return new SentinelError("unavailable", "the login failed", undefined, { cause: failure });
}
