"""Writes the corpus: `python3 tests/vectors/generate`, or `… --check` to prove the committed files fresh."""

import importlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

SUITES = sorted(path.stem for path in (HERE / "suites").glob("*.py") if path.stem != "__init__")


def render(document):
    """A case is a paragraph; its members are a line each, so that a diff shows what changed."""
    lines = []
    for case in document["cases"]:
        members = [f"      {json.dumps(k)}: {json.dumps(v)}" for k, v in case.items()]
        lines.append("    {\n" + ",\n".join(members) + "\n    }")
    head = "".join(f"  {json.dumps(k)}: {json.dumps(document[k])},\n" for k in document if k != "cases")
    return "{\n" + head + '  "cases": [\n' + ",\n".join(lines) + "\n  ]\n}\n"


def main():
    check = "--check" in sys.argv
    stale, total = [], 0
    for name in SUITES:
        suite = importlib.import_module(f"suites.{name}").build()
        total += len(suite.cases)
        path = HERE.parent / "corpus" / f"{name.replace('_', '-')}.json"
        text = render(suite.document())
        if check:
            if not path.exists() or path.read_text() != text:
                stale.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            print(f"{path.name}: {len(suite.cases)} cases")
    if stale:
        sys.exit(f"not fresh: {', '.join(stale)}; run `python3 tests/vectors/generate`")
    print(f"{total} cases{' are fresh' if check else ''}")


main()
