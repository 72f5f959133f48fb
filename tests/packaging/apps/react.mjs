// React on a server: the packed package and the page use one React and one client.
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { SentinelAuth } from "sentinel-edge/client";
import { Guard, SentinelProvider, useSentinel } from "sentinel-edge/react";

const client = new SentinelAuth({ sentinelUrl: "https://auth.example.com" });
const Status = () => useSentinel().status;
const page = createElement(SentinelProvider, { client }, createElement(Status), createElement(Guard, { loading: " …" }, "never"));
console.log(JSON.stringify({ html: renderToString(page).replaceAll("<!-- -->", "") }));
