"""Modules that a question imports, compiled beforehand: a browser takes longer to compile Python than to run it.

Only the Python of the page knows its own bytecode, so this runs there, in Node, while the site is written
(``data/site/compile.mjs``). Where there is no Node the page has the sources, and compiles them itself.
"""

import sys
import zipfile
from importlib.util import MAGIC_NUMBER, source_hash
from marshal import dumps

#: The flags of PEP 552: found by the source's hash, which nobody looks at.
UNCHECKED = b"\x01\x00\x00\x00"


def compiled(archive: str, home: str) -> None:
    """Put bytecode in the place of each source in ``archive`` that this Python has imported from ``home``.

    The file of a draft stays as it is: it is read by its path.
    """
    imported = {getattr(module, "__file__", None) for module in sys.modules.values()}
    with zipfile.ZipFile(archive) as old:
        found = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, content in found.items():
            path = f"{home}/{name}"
            if name.endswith(".py") and path in imported and not name.startswith("drafts/"):
                code = compile(content, path, "exec", dont_inherit=True)
                name, content = f"{name}c", MAGIC_NUMBER + UNCHECKED + source_hash(content) + dumps(code)
            made.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
