/** A service behind a guard, and what it answers to a good token, a changed one and none. */
export const optionsOf = ({ createVerifier }, { options }) => ({ verifier: createVerifier(options) });

export const hello = (request, { identity }) => new Response(`hello ${identity.userId}`);

export async function asked(origin, { good, bad }) {
  const ask = async (token, method = "GET") => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${origin}/notes/7`, { method, headers });
    return response.ok ? response.text() : (await response.json()).code;
  };
  return [await ask(good), await ask(bad), await ask(), await ask(good, "PUT")];
}
