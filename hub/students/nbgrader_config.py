"""nbgrader's settings in a student's JupyterLab: where assignments come from, and how they are handed in."""
import os

from nbgrader.exchange.default import Exchange, ExchangeSubmit
from nbgrader.utils import check_directory


def ensure_root(self):
    """Instead of nbgrader's, which asks that everybody can write in the exchange itself: whoever can, publishes a course there."""
    if not check_directory(self.root, execute=True):
        self.fail(f"There is no exchange at {self.root}. Please tell your teacher: sudo hub/exchange makes it.")


class Submit(ExchangeSubmit):
    """Hands in, and closes what was handed in to others: nbgrader leaves it open for everybody to write in."""

    def copy_files(self):
        super().copy_files()
        os.chmod(os.path.join(self.inbound_path, self.assignment_filename), 0o750)  # its group is the teachers


Exchange.ensure_root = ensure_root  # nbgrader has no setting for it
c = get_config()  # noqa: F821
c.Exchange.root = os.environ["COURSE_EXCHANGE"]
c.ExchangeFactory.submit = Submit
