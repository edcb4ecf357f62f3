"""The documentation as a site.

python -m website build                 into cache/site; the extra `docs` and npm must be there
python -m website build --no-live       without Python for the live page
python -m website serve [--port 8000]   the built site on loopback
python -m website look [PAGE]...        screenshots into cache/screenshots, at two widths; what does not fit is printed
"""

from __future__ import annotations

import argparse
import sys
import threading

from website.browser import serve
from website.build import ROOT, SITE, BuildError, build

SCREENSHOTS = ROOT / "cache" / "screenshots"


def main() -> int:
    """Runs a command; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m website", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build")
    building.add_argument("--no-live", dest="live", action="store_false")
    commands.add_parser("serve").add_argument("--port", type=int, default=8000)
    looking = commands.add_parser("look")
    looking.add_argument("pages", nargs="*", metavar="PAGE", help="such as reference/types; by default all")
    looking.add_argument("--dark", action="store_true", help="dark colours, too")
    given = parser.parse_args()
    if given.command == "build":
        try:
            print(build(live=given.live))
        except BuildError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    if not (SITE / "index.html").is_file():
        print("the site is not built: python -m website build", file=sys.stderr)
        return 1
    if given.command == "serve":
        with serve(SITE, given.port) as url:
            print(url, flush=True)
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                return 0
    from website.look import look

    wrong = look(SITE, given.pages or all_pages(), SCREENSHOTS, ("light", "dark") if given.dark else ("light",))
    print("\n".join(wrong or [f"{SCREENSHOTS}: nothing is too wide"]))
    return bool(wrong)


def all_pages() -> list[str]:
    """The pages of the built site, by their paths."""
    found = (path.parent.relative_to(SITE).as_posix() for path in SITE.rglob("index.html"))
    return sorted("" if path == "." else path for path in found)


if __name__ == "__main__":
    sys.exit(main())
