"""Has the running hub stop a student's server and forget the student, tokens and all: forget.py NAME, as root (hub/remove)."""
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlsplit

from traitlets.config.loader import PyFileConfigLoader


def main(name):
    here = Path(os.environ["COURSE_CLASS"])
    config = PyFileConfigLoader("jupyterhub_config.py", path=str(Path(__file__).parent)).load_config()
    host = urlsplit(config.JupyterHub.subdomain_host).netloc
    request = urllib.request.Request(f"{config.JupyterHub.bind_url}/hub/api/users/{quote(name)}", method="DELETE", headers={
        "Host": host, "Authorization": "token " + (here / "state" / "token").read_text().strip()})
    try:
        urllib.request.urlopen(request, timeout=120)
    except urllib.error.HTTPError as error:
        if error.code != 404:  # has never logged in
            sys.exit(f"The hub did not forget {name}: {error}. {error.read()[:300]!r}")
    except urllib.error.URLError as error:
        if not isinstance(error.reason, ConnectionRefusedError):
            sys.exit(f"The hub did not forget {name}: {error.reason}")
        print("The hub does not run; it forgets who has no account when it starts.")


if __name__ == "__main__":
    main(sys.argv[1])
