"""nbgrader's settings in a student's JupyterLab: where assignments come from."""
import os

c = get_config()  # noqa: F821
c.Exchange.root = os.environ["COURSE_EXCHANGE"]
