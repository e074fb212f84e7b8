"""Opening a page, where there is somebody to look at it."""

import os
import sys
import webbrowser


def open_page(url: str) -> bool:
    """Open a page in the person's browser; whether that was tried.

    Only from a terminal with a display: elsewhere a browser of text would take the terminal, or
    nothing could be seen.
    """
    display = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not (display and sys.stdout.isatty()):
        return False
    return webbrowser.open(url)
