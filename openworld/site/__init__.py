"""A static site that answers questions in the reader's browser: the very same model, in WebAssembly.

* :mod:`openworld.site.answer` answers one question in plain data; the browser runs it.
* :mod:`openworld.site.bundle` is what Python the browser gets of ours.
* :mod:`openworld.site.runtime` is what it gets of others: Pyodide and a solver, by exact version and digest.
* :mod:`openworld.site.precomputed` has answers to common questions, for the page to have at once.
* :mod:`openworld.site.vocabulary` has words for all that can be chosen.
* :mod:`openworld.site.address` is where a question is answered on it.
* :mod:`openworld.site.build` puts them into a folder.
"""
