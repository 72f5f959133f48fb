export const GET = () => new Response("exported");
