"""The pysaml2 provider as a program: `python pysaml2_idp.py '{"users": {…}}'`, see ../README.md for what it answers."""

import base64
import html
import http.server
import json
import secrets
import sys
import tempfile
import threading
import urllib.parse

import keys
import pysaml2_answers
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><title>pysaml2</title>{}</html>'
LOGIN = ('<form method="post" action="/login"><input type="hidden" name="handle" value="{}">'
         '<label>User <input name="user"></label><button>Log in</button></form>')
ANSWER = ('<form method="post" action="{}"><input type="hidden" name="SAMLResponse" value="{}">'
          '<input type="hidden" name="RelayState" value="{}"></form><script>document.forms[0].submit()</script>')


class Refused(Exception):
    """A request that this provider does not answer."""


class Idp:
    def __init__(self, folder, origin, users):
        self.origin, self.users = origin, users
        self.settings = {"sign": "assertion", "encrypt": None, "key": "first"}
        self.waiting, self.lock = {}, threading.Lock()
        self.provider = pysaml2_answers.Provider(
            folder, f"{origin}/metadata", f"{origin}/sso", {"first": keys.make(name="pysaml2 first")}, minutes=5)

    def control(self, wish):
        """A service provider's metadata, settings of the answers, a step of a rollover."""
        self.settings.update({name: wish[name] for name in ("sign", "encrypt") if name in wish})
        if "serviceProvider" in wish:
            self.provider.service_providers = [wish["serviceProvider"]]
        match wish.get("rollover"):
            case "announce":
                self.provider.keys = self.provider.keys | {"second": keys.make(name="pysaml2 second")}
            case "switch":
                self.settings["key"] = "second"
            case "retire":
                self.provider.keys = {"second": self.provider.keys["second"]}
        self.provider.forget()

    def begin(self, parameters, binding):
        """Verifies a request's signature and remembers the request until somebody has logged in."""
        server = self.provider.server(self.settings["key"])
        try:
            request = server.parse_authn_request(
                parameters["SAMLRequest"], binding, relay_state=parameters.get("RelayState"),
                sigalg=parameters.get("SigAlg"), signature=parameters.get("Signature"))
        except Exception as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        if request is None or binding == BINDING_HTTP_REDIRECT and "Signature" not in parameters:
            raise Refused("the request is not signed by the service provider")
        handle = secrets.token_urlsafe()
        self.waiting[handle] = request.message, parameters.get("RelayState", "")
        return LOGIN.format(handle)

    def finish(self, handle, name):
        if handle not in self.waiting or name not in self.users:
            raise Refused("nobody of this name, or no login under way")
        (message, relay_state), user = self.waiting.pop(handle), self.users[name]
        encrypt = (pysaml2_answers.GCM.format(256), pysaml2_answers.OAEP, "aes-256") if self.settings["encrypt"] else None
        acs = message.assertion_consumer_service_url
        sp = message.issuer.text.strip()
        xml = self.provider.answer(sp, message.id, user["attributes"], user["subject"], acs=acs, key=self.settings["key"],
                                   sign=self.settings["sign"], encrypt=encrypt, form=user.get("format", pysaml2_answers.EMAIL))
        known = self.provider.server(self.settings["key"]).metadata.assertion_consumer_service(sp, BINDING_HTTP_POST)
        if acs and acs not in [one["location"] for one in known]:
            raise Refused("the request names another address than its metadata")
        return ANSWER.format(html.escape(acs or known[0]["location"]), base64.b64encode(xml.encode()).decode(), html.escape(relay_state))


class Handler(http.server.BaseHTTPRequestHandler):
    idp: Idp

    def log_message(self, *_):
        pass

    def _send(self, status, body, kind="text/html; charset=utf-8"):
        data = body.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, page):
        try:
            with self.idp.lock:
                body = page()
        except Refused as error:
            return self._send(400, PAGE.format(f"<p>{html.escape(str(error))}</p>"))
        return self._send(200, PAGE.format(body))

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        parameters = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        if url.path == "/metadata":
            with self.idp.lock:
                return self._send(200, self.idp.provider.metadata(), "application/samlmetadata+xml")
        if url.path == "/sso" and "SAMLRequest" in parameters:
            return self._answer(lambda: self.idp.begin(parameters, BINDING_HTTP_REDIRECT))
        return self._send(404, "")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if self.path == "/control":
            with self.idp.lock:
                self.idp.control(json.loads(body))
            return self._send(200, "{}", "application/json")
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        if self.path == "/sso" and "SAMLRequest" in form:
            return self._answer(lambda: self.idp.begin(form, BINDING_HTTP_POST))
        if self.path == "/login":
            return self._answer(lambda: self.idp.finish(form.get("handle"), form.get("user")))
        return self._send(404, "")


def main():
    options = json.loads(sys.argv[1] if len(sys.argv) > 1 else "{}")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.get("port", 0)), Handler)
    with tempfile.TemporaryDirectory() as folder:
        origin = f"http://127.0.0.1:{server.server_port}"
        Handler.idp = Idp(folder, origin, options.get("users", {}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(json.dumps({"port": server.server_port, "origin": origin, "entityId": f"{origin}/metadata", "metadataUrl": f"{origin}/metadata"}), flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
