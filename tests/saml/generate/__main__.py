"""Writes the corpus, or another one into the folder named: `target/xtask/saml/bin/python tests/saml/generate` (see ../README.md)."""

import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))

import good  # noqa: E402
import hostile  # noqa: E402
import party  # noqa: E402
from corpus import Corpus  # noqa: E402


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "corpus"
    for kind in (party.Pysaml2, party.Samlify):
        with kind() as who:
            corpus = Corpus(who)
            good.build(corpus)
            hostile.build(corpus)
            (folder / f"{who.name}.json").write_text(corpus.render())
            accepted = sum(case["expect"] == "ok" for case in corpus.cases.values())
            print(f"{who.name}.json: {accepted} good, {len(corpus.cases) - accepted} hostile")


main()
