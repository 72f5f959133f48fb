// A Worker before an origin that decides nothing: what a request costs by itself.
export default {
  fetch(request, { ORIGIN }) {
    const { pathname } = new URL(request.url);
    return fetch(ORIGIN + pathname, request);
  },
};
