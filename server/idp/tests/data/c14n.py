"""Random documents and their exclusive canonical forms by libxml2: `python c14n.py [NUMBER] > c14n.json`, with lxml.

Prefixes shadow each other, names are reached by several prefixes, text and attributes hold what must be escaped. No name
of a namespace does: libxml2 writes those as they are, against the recommendation."""

import json
import random
import sys

from lxml import etree

NAMES = ["urn:a", "urn:b", "http://c.test/?x=1", "urn:d"]
PREFIXES = ["", "p", "q", "r"]
LOCALS = ["a", "b", "Assertion", "x-1", "ä"]
TEXTS = ["t", " ", "&amp;", "&lt;&gt;", "&#13;", "\n", "\r\n", "\t", "'\"", "数学😀", "&#x9;", "]]&gt;", "<!-- c -->", "<![CDATA[<&]]>"]
VALUES = ["v", "", "&amp;&lt;", "&#9;", "&#10;&#13;", "\n\t", "&quot;", "'", ">", "é"]


def element(rng, scope, depth):
    scope, out = dict(scope), ""
    for prefix in PREFIXES:
        if rng.random() < 0.25:
            name = rng.choice(NAMES + ([""] if prefix == "" else []))
            scope[prefix] = name
            out += f' xmlns{":" * bool(prefix)}{prefix}="{name}"'
    prefix = rng.choice([p for p in PREFIXES if p == "" or scope.get(p)])
    seen = set()
    for _ in range(rng.randrange(4)):
        of = rng.choice([""] + [p for p in PREFIXES if p and scope.get(p)] + ["xml"])
        local = rng.choice(["lang", "space"]) if of == "xml" else rng.choice(LOCALS)
        key = (scope.get(of) if of not in ("", "xml") else of, local)
        if key in seen:
            continue
        seen.add(key)
        value = "preserve" if (of, local) == ("xml", "space") else rng.choice(VALUES)
        out += f' {of}{":" * bool(of)}{local}="{value}"'
    name = f'{prefix}{":" * bool(prefix)}{rng.choice(LOCALS)}'
    inside = "".join(
        element(rng, scope, depth - 1) if depth and rng.random() < 0.5 else rng.choice(TEXTS) for _ in range(rng.randrange(5))
    )
    return f"<{name}{out}>{inside}</{name}>" if inside or rng.random() < 0.5 else f"<{name}{out}/>"


def main():
    rng, cases = random.Random(7), []
    while len(cases) < int(sys.argv[1] if len(sys.argv) > 1 else "60"):
        xml = element(rng, {}, 3)
        root = etree.fromstring(xml)
        nodes = list(root.iter(tag=etree.Element))
        at = rng.randrange(len(nodes))
        listed = rng.sample(["p", "q", "r"], rng.randrange(3))
        # A copy of the apex would forget what is in scope around it, so libxml2 is asked with a tree of it.
        form = etree.tostring(nodes[at], method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=listed, with_tail=False)
        cases.append({"xml": xml, "element": at, "prefixes": " ".join(listed), "canonical": form.decode()})
    made = {"made_with": f"lxml {etree.__version__}, libxml2 {'.'.join(map(str, etree.LIBXML_VERSION))}, by c14n.py", "cases": cases}
    print(json.dumps(made, indent=1, ensure_ascii=False))


main()
