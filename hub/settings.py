"""Your class's own settings of JupyterHub; hub/install made this file once and leaves it as it is. Read when the hub starts.

What can be set: hub/jupyterhub_config.py, and https://jupyterhub.readthedocs.io. For example:
"""
c = get_config()  # noqa: F821

# c.JupyterHub.subdomain_host = "https://class.example.org"  # the address that students type; hub/README.md says what it takes
# c.Spawner.mem_limit = "2G"
