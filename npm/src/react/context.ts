import { createContext, createElement, type ReactNode, useCallback, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import type { AuthState, Question, SentinelClient, SentinelUser } from "../client/api.js";
import type { DecisionState, Sentinel, SentinelProviderProps } from "./api.js";
import { Decisions, DENIED, PENDING } from "./decisions.js";

interface Value {
  readonly client: SentinelClient;
  readonly decisions: Decisions | null;
  readonly roleOrder: readonly string[];
}

const Context = createContext<Value | null>(null);
const ROLES = ["viewer", "editor", "admin", "owner"];
/** What a server renders, and a browser before it knows better. */
const LOADING: AuthState = Object.freeze({ status: "loading", user: null, error: null });
const nothing = (): void => {};

export function SentinelProvider({ client, decider, maxAge = 30_000, roleOrder = ROLES, children }: SentinelProviderProps): ReactNode {
  const decisions = useMemo(() => (decider === undefined ? null : new Decisions(decider, maxAge)), [decider, maxAge]);
  useEffect(() => {
    decisions?.start();
    return () => decisions?.stop();
  }, [decisions]);
  const value = useMemo(() => ({ client, decisions, roleOrder }), [client, decisions, roleOrder]);
  return createElement(Context.Provider, { value }, children);
}

export function useValue(): Value {
  const value = useContext(Context);
  if (value === null) throw new Error("there is no SentinelProvider around this component");
  return value;
}

function useAuthState(): AuthState {
  const { client } = useValue();
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client]);
  return useSyncExternalStore(subscribe, () => client.getState(), () => LOADING);
}

export function useSentinel(): Sentinel {
  const { client } = useValue();
  const state = useAuthState();
  return useMemo<Sentinel>(
    () => ({
      ...state,
      isAuthenticated: state.status === "authenticated",
      isLoading: state.status === "loading",
      client,
      login: (provider, options) => client.login(provider, options),
      logout: () => client.logout(),
      fetch: (input, init) => client.fetch(input, init),
      fetchJson: (input, init) => client.fetchJson(input, init),
    }),
    [client, state],
  );
}

export function useUser(): SentinelUser | null {
  return useAuthState().user;
}

export function hasRole(user: SentinelUser | null, minimum: string, order: readonly string[]): boolean {
  const [has, needs] = [user === null ? -1 : order.indexOf(user.workspaceRole), order.indexOf(minimum)];
  // A role that the order does not name is nobody's.
  return needs >= 0 && has >= needs;
}

export function useHasRole(minimum: string): boolean {
  const { roleOrder } = useValue();
  return hasRole(useUser(), minimum, roleOrder);
}

/** The decider's answer; null asks nothing. */
function useQuestion(question: Question | null): DecisionState {
  const { decisions } = useValue();
  const user = useAuthState();
  // Questions are new objects with each rendering: what they say is what counts.
  const text = question === null || decisions === null ? null : JSON.stringify(question);
  const subscribe = useCallback(
    (listener: () => void) => (text === null ? nothing : decisions!.watch(JSON.parse(text) as Question, listener)),
    [decisions, text],
  );
  const snapshot = (): DecisionState =>
    text === null ? (user.status === "loading" ? PENDING : DENIED) : decisions!.peek(question!);
  return useSyncExternalStore(subscribe, snapshot, () => PENDING);
}

export function useDecision(relation: string, object: string | null = null): DecisionState {
  const user = useUser();
  return useQuestion(user === null ? null : { user, relation, object });
}

export function useCan(relation: string, object: string | null = null): boolean {
  return useDecision(relation, object).allow;
}

/** An action: said by the token in authz mode, else asked. */
export function useActionState(action: string | undefined): DecisionState | null {
  const user = useUser();
  const said = user?.actions ?? null;
  const asked = useQuestion(user === null || said !== null || action === undefined ? null : { user, relation: action, object: null });
  if (action === undefined) return null;
  return said === null ? asked : { allow: said.includes(action), loading: false, error: null };
}

export function useHasAction(action: string): boolean {
  return useActionState(action)!.allow;
}

/** As `useDecision`, where there may be no relation to ask for. */
export function useRelationState(relation: string | undefined, object: string | undefined): DecisionState | null {
  const user = useUser();
  const asked = useQuestion(user === null || relation === undefined ? null : { user, relation, object: object ?? null });
  return relation === undefined ? null : asked;
}
