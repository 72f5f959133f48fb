"use client";
import { useRouter } from "next/navigation";
import { useCallback, useEffect, useState } from "react";
import { Guard, useCan, useSentinel } from "sentinel-edge/react";
import { useSession } from "./session";
import { ShareForm } from "./share";

export function Notes() {
  const { notes, error, reload } = useNotes();
  const { fetchJson } = useSentinel();
  const create = (draft) => fetchJson("/api/notes", { json: draft }).then(reload);
  return (
    <main>
      {error && <p role="alert">Not up to date: {error.code}</p>}
      {/* A role. */}
      <Guard role="editor" denied={<p className="hint">Editors write here; you read.</p>}>
        <NoteForm label="New note" action="Create" onSave={create} />
      </Guard>
      <ul className="notes">
        {notes.map((note) => (
          <Note key={note.id} note={note} reload={reload} />
        ))}
      </ul>
      {/* An action. */}
      <Guard action="notes:export" denied={<p className="hint">Your roles do not have notes:export.</p>}>
        <Export />
      </Guard>
    </main>
  );
}

/** The notes that the user may see: looked up anew when something was shared, and now and then for what was written. */
function useNotes() {
  const { fetchJson } = useSentinel();
  const { onChange } = useSession();
  const [state, setState] = useState({ notes: [], error: null });
  const reload = useCallback(
    () =>
      fetchJson("/api/notes").then(
        (notes) => setState({ notes, error: null }),
        (error) => setState(({ notes }) => ({ notes, error })),
      ),
    [fetchJson],
  );
  useEffect(() => {
    reload();
    const stop = onChange(reload);
    const timer = setInterval(reload, 5000);
    return () => {
      stop();
      clearInterval(timer);
    };
  }, [onChange, reload]);
  return { ...state, reload };
}

function Note({ note, reload }) {
  const { user, fetch, fetchJson } = useSentinel();
  const router = useRouter();
  const [open, setOpen] = useState(null);
  // A relation to this very note.
  const mayEdit = useCan("edit", `note:${note.id}`);
  const save = async (draft) => {
    await fetchJson(`/api/notes/${note.id}`, { method: "PUT", json: draft });
    setOpen(null);
    await reload();
  };
  const print = async () => {
    // A page that the server renders: it finds the tokens in cookies.
    await fetch("/api/session", { method: "POST" });
    router.push(`/notes/${note.id}`);
  };
  return (
    <li aria-label={note.title}>
      {open === "edit" ? (
        <NoteForm label={`Edit ${note.title}`} action="Save" note={note} onSave={save} />
      ) : (
        <article>
          <h2>{note.title}</h2>
          <p>{note.text}</p>
        </article>
      )}
      <nav>
        {mayEdit && <button onClick={() => setOpen("edit")}>Edit</button>}
        {note.owner_id === user.userId && <button onClick={() => setOpen("share")}>Share</button>}
        <button onClick={print}>Print</button>
      </nav>
      {open === "share" && <ShareForm note={note} onDone={() => setOpen(null)} />}
    </li>
  );
}

function NoteForm({ label, action, note = { title: "", text: "" }, onSave }) {
  const [error, setError] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    try {
      await onSave(Object.fromEntries(new FormData(form)));
      form.reset();
      setError(null);
    } catch (failure) {
      setError(failure);
    }
  };
  return (
    <form aria-label={label} onSubmit={submit}>
      <input name="title" aria-label="Title" placeholder="Title" defaultValue={note.title} maxLength={200} required />
      <textarea name="text" aria-label="Text" placeholder="What is to be remembered" defaultValue={note.text} />
      <button>{action}</button>
      {error && <p role="alert">{error.message}</p>}
    </form>
  );
}

function Export() {
  const { fetch } = useSentinel();
  const save = async () => {
    const response = await fetch("/api/notes/export");
    if (!response.ok) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = "notes.md";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return <button onClick={save}>Export</button>;
}
