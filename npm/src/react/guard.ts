import type { ReactNode } from "react";
import type { GuardProps } from "./api.js";
import { hasRole, useActionState, useRelationState, useSentinel, useValue } from "./context.js";

export function Guard(props: GuardProps): ReactNode {
  const { role, action, relation, object, children, fallback = null, denied = null, loading = null, unavailable = fallback } = props;
  const { roleOrder } = useValue();
  const { status, user } = useSentinel();
  const answers = [useActionState(action), useRelationState(relation, object)].filter((answer) => answer !== null);
  if (status === "loading") return loading;
  if (status === "unavailable") return unavailable;
  if (status === "unauthenticated") return fallback;
  if (role !== undefined && !hasRole(user, role, roleOrder)) return denied;
  if (answers.some((answer) => !answer.allow && !answer.loading)) return denied;
  return answers.some((answer) => answer.loading) ? loading : children;
}
