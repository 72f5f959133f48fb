import { createElement, type FormEvent, type ReactNode, useState } from "react";
import type { SentinelError, SentinelLocal } from "../client/index.js";
import type { PinBannerProps } from "./api.js";
import { asError } from "./callback.js";
import { useUser, useValue } from "./context.js";

/** For those who have no design of their own yet: asks for another PIN, and keeps nobody from anything. */
export function PinBanner({ children = "Others know your PIN. Choose one that only you know.", error = ({ code }) => code }: PinBannerProps): ReactNode {
  const { client } = useValue();
  const user = useUser();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<SentinelError | null>(null);
  if (user?.mustChangePin !== true) return null;
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const pins = new FormData(event.currentTarget);
    setBusy(true);
    setFailure(null);
    try {
      // No other client has users who must.
      await (client as SentinelLocal).changePin(String(pins.get("current")), String(pins.get("next")));
    } catch (cause) {
      setFailure(asError(cause));
    }
    setBusy(false);
  };
  const input = (name: string, label: string, autoComplete: string): ReactNode =>
    createElement("label", null, label, " ", createElement("input", { name, type: "password", inputMode: "numeric", autoComplete, required: true }));
  return createElement(
    "form",
    { "aria-label": "Change PIN", method: "post", onSubmit: submit },
    createElement("p", null, children),
    input("current", "PIN of now", "current-password"),
    input("next", "New PIN", "new-password"),
    createElement("button", { disabled: busy }, "Change PIN"),
    failure && createElement("p", { role: "alert" }, error(failure)),
  );
}
