"""A browser's part of a login: cookies, redirects followed by hand, the provider's two forms."""

import base64
import hashlib
import html
import re
import secrets
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx


class Browser:
    """One person's browser. `headers` go with every request."""

    def __init__(self, headers: dict[str, str] | None = None):
        self.client = httpx.Client(timeout=15, headers=headers)

    def close(self) -> None:
        self.client.close()

    def cookie(self, name: str) -> str | None:
        return self.client.cookies.get(name)

    def open(self, url: str, login: str, stop: str) -> str:
        """Follows redirects and fills in the provider's forms as `login`, until an address begins with `stop`: that
        address. A page without a form is a failure that shows the page."""
        response = self.client.get(url)
        for _ in range(20):
            if location := response.headers.get("location"):
                url = urljoin(str(response.url), location)
                if url.startswith(stop):
                    return url
                response = self.client.get(url)
                continue
            action = re.search(r'<form[^>]*action="([^"]+)"', response.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', response.text)
            if not (action and prompt):
                raise LoginFailed(response)
            form = {"prompt": prompt[1], "login": login, "password": "any"}
            response = self.client.post(urljoin(str(response.url), html.unescape(action[1])), data=form)
        raise AssertionError(f"redirects without end, at last to {url}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class LoginFailed(Exception):
    """A page or an error where the login should have led on."""

    def __init__(self, response: httpx.Response):
        self.response = response
        super().__init__(f"{response.status_code} from {response.url}: {response.text[:500]}")


def pkce() -> tuple[str, str]:
    """A code verifier and its S256 challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def query(url: str) -> dict[str, str]:
    """The first value of each parameter."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query, keep_blank_values=True).items()}


def with_query(url: str, parameters: dict[str, str]) -> str:
    return f"{url}?{urlencode(parameters)}"
