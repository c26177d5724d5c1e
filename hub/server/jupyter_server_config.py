"""For each student's Jupyter server on a hub: what counts as a sign that somebody is there. hub/start and kubernetes/start name its folder.

While its page is in view JupyterLab asks for the list of files every ten seconds and writes down which tabs are open, and Jupyter Server takes
both for signs: a page that was left open would keep a server for ever. Here only what changes something of the student's counts, such as a
saved file or a kernel that is started, and what kernels and terminals do, as always.
"""
from jupyter_server.base.handlers import APIHandler

_count = APIHandler.update_api_activity


def _count_unless_nobody_did_it(handler):
    asked = handler.request.method in ("GET", "HEAD", "OPTIONS")
    if not asked and "/lab/api/" not in handler.request.path:  # JupyterLab's notes on itself
        _count(handler)


APIHandler.update_api_activity = _count_unless_nobody_did_it
