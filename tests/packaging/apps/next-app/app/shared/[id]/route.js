export const GET = () => new Response("shared");
