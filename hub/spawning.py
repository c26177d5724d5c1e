"""Starting a student's server as that student: JupyterHub's own ways, but for what root would do in a folder of the student's;
and the hub under its own name alone."""
import os
import pwd
from pathlib import Path

from jupyterhub.handlers import BaseHandler
from jupyterhub.spawner import LocalProcessSpawner
from systemdspawner import SystemdSpawner
from tornado import web

CERTIFICATES = Path(os.environ.get("COURSE_CLASS", "/srv/class")) / "certificates"

prepare = BaseHandler.prepare


async def under_its_own_name(self):
    """Before each answer of the hub's: under a student's name there is no login and no cookie of it, for the student's own pages
    are of that origin. The proxy leads every name there whose server does not run. JupyterHub has no setting for it."""
    host = self.request.host.partition(":")[0].lower().rstrip(".")
    if host.endswith(f".{self.domain}"):
        if self.request.method not in ("GET", "HEAD"):
            raise web.HTTPError(403, "This is not the hub's name.")
        self.redirect(self.subdomain_host + self.request.uri)
    else:
        await prepare(self)


BaseHandler.prepare = under_its_own_name


class _Careful:
    """What both ways of starting have in common."""

    async def move_certs(self, paths):
        """Put a server's key and certificates where its owner alone reads them; return {kind: path}.

        JupyterHub's own way makes folders in the home, as root, and gives them to the owner, whatever a link there points to.
        """
        account, moved = pwd.getpwnam(self.user.name), {}
        folder = CERTIFICATES / account.pw_name
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)
        for kind, path in paths.items():
            target, fresh = folder / Path(path).name, folder / "new"
            fresh.unlink(missing_ok=True)
            with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o400)) as file:
                file.write(Path(path).read_bytes())
                os.fchown(file.fileno(), account.pw_uid, account.pw_gid)
            fresh.replace(target)
            moved[kind] = str(target)
        return moved


class Local(_Careful, LocalProcessSpawner):
    """A process of the hub's; it outlives the hub."""

    async def _signal(self, sig):
        """Send a signal, unless the number, which the hub may have kept from before it was started anew, is another's by now."""
        try:
            owner = Path(f"/proc/{self.pid}").stat().st_uid
            if owner != pwd.getpwnam(self.user.name).pw_uid:
                return False
        except (FileNotFoundError, KeyError):  # the process has ended; the account is no more, and its processes with it
            return False
        return await super()._signal(sig)


class Systemd(_Careful, SystemdSpawner):
    """A unit of systemd's, with limits for all that the student runs."""
