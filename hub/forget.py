"""What root's programs ask the hub's configuration or the running hub, in a sentence where something is wrong:

    forget.py            whether the configuration can be read; says the hub's address
    forget.py NAME       has the running hub stop a student's server and forget the student, tokens and all (hub/remove)
"""
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

from traitlets.config.loader import PyFileConfigLoader

HERE = Path(os.environ["COURSE_CLASS"])


def configuration():
    """The hub's, with the class's own settings; ends the program with a sentence where they can't be read."""
    try:
        return PyFileConfigLoader("jupyterhub_config.py", path=str(Path(__file__).parent)).load_config()
    except Exception as error:  # of any kind: settings.py is a program
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        sys.exit(f"The hub's settings can't be read ({HERE / 'settings.py'}{where}): {type(error).__name__}: {error}")


def forget(name, config):
    """Ask the running hub; one that does not run forgets who has no account when it starts."""
    request = urllib.request.Request(f"{config.JupyterHub.bind_url}/hub/api/users/{quote(name)}", method="DELETE", headers={
        "Host": urlsplit(config.JupyterHub.subdomain_host).netloc, "Authorization": "token " + (HERE / "state" / "token").read_text().strip()})
    try:
        urllib.request.urlopen(request, timeout=120)
    except urllib.error.HTTPError as error:
        if error.code != 404:  # has never logged in
            sys.exit(f"The hub did not forget {name}: {error}. {error.read()[:300]!r}")
    except (urllib.error.URLError, OSError) as error:
        if not isinstance(getattr(error, "reason", error), ConnectionRefusedError):
            sys.exit(f"The hub did not forget {name}: {error}")


if __name__ == "__main__":
    found = configuration()
    if sys.argv[1:]:
        forget(sys.argv[1], found)
    else:
        print(found.JupyterHub.subdomain_host)
