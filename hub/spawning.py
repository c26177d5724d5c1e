"""Starting a student's server as that student: JupyterHub's own ways, but for what root would do in a folder of the student's."""
import os
import pwd
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner
from systemdspawner import SystemdSpawner

CERTIFICATES = Path(os.environ.get("COURSE_CLASS", "/srv/class")) / "certificates"


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
