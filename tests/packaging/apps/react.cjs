// As `react.mjs`, in CommonJS.
const { createElement } = require("react");
const { renderToString } = require("react-dom/server");
const { SentinelAuth } = require("sentinel-edge/client");
const { Guard, SentinelProvider, useSentinel } = require("sentinel-edge/react");

const client = new SentinelAuth({ sentinelUrl: "https://auth.example.com" });
const Status = () => useSentinel().status;
const page = createElement(SentinelProvider, { client }, createElement(Status), createElement(Guard, { loading: " …" }, "never"));
console.log(JSON.stringify({ html: renderToString(page).replaceAll("<!-- -->", "") }));
