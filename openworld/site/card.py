"""The picture that goes with a link in chats and mail readers: title, question and answer."""

import io
import textwrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave

from openworld.plotstyle import style
from openworld.site.pages import SitePage

#: Inches and pixels an inch: 800 to 420 pixels, the proportions that previews have.
WIDTH, HEIGHT, RESOLUTION = 8.0, 4.2, 100
#: Colours are kept to so many levels of each part, so that a picture takes some 10 kB.
LEVELS = 0xE0


def card(page: SitePage) -> bytes:
    """Return the picture of a page, as PNG."""
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=RESOLUTION)
        figure.text(0.06, 0.91, "openworld", va="top", size=12, color="#555c66")
        figure.text(0.06, 0.79, "\n".join(textwrap.wrap(page.title, 42)[:4]), va="top", size=18, weight="bold")
        color = {True: "#1c4a68", False: "#8f3208", None: "#555c66"}[page.good]
        figure.text(0.06, 0.34, "\n".join(textwrap.wrap(page.answer, 66)[:3]), va="top", size=13, color=color)
        drawn = io.BytesIO()
        figure.savefig(drawn, format="rgba", dpi=RESOLUTION)
    shape = round(HEIGHT * RESOLUTION), round(WIDTH * RESOLUTION), 4
    pixels = np.frombuffer(drawn.getvalue(), np.uint8).reshape(shape)[:, :, :3] & LEVELS | (0xFF - LEVELS)
    stream = io.BytesIO()
    imsave(stream, pixels, format="png", metadata={"Software": ""}, pil_kwargs={"optimize": True})
    return stream.getvalue()
