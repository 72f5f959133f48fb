"use client";
import { useEffect, useState } from "react";
import { useSentinel } from "sentinel-edge/react";
import { useSession } from "./session";

/** Lets the owner say who else may view or edit a note. */
export function ShareForm({ note, onDone }) {
  const { user, fetchJson } = useSentinel();
  const { sentinelUrl } = useSession();
  const [members, setMembers] = useState([]);
  const [error, setError] = useState(null);
  useEffect(() => {
    fetchJson(`${sentinelUrl}/workspaces/${user.workspaceId}/members`).then(setMembers, setError);
  }, [fetchJson, sentinelUrl, user.workspaceId]);
  const submit = (event) => {
    event.preventDefault();
    const share = Object.fromEntries(new FormData(event.currentTarget));
    fetchJson(`/api/notes/${note.id}/shares`, { json: share }).then(onDone, setError);
  };
  return (
    <form aria-label={`Share ${note.title}`} onSubmit={submit}>
      <select name="user_id" aria-label="With" required>
        {members
          .filter(({ user_id }) => user_id !== user.userId)
          .map(({ user_id, email }) => (
            <option key={user_id} value={user_id}>
              {email}
            </option>
          ))}
      </select>
      <select name="permission" aria-label="To">
        <option value="view">view</option>
        <option value="edit">edit</option>
      </select>
      <button>Share it</button>
      {error && <p role="alert">{error.message}</p>}
    </form>
  );
}
