"""What workers of other machines need: `python -m exercises.cluster certificates`, `... scheduler`, `... workers ADDRESS` (README.md).

Dask's own commands, `dask scheduler` and `dask worker`, with this course's certificates and settings.
"""
import argparse
import contextlib
import errno
import os
import platform
import signal
import socket
import ssl
import subprocess
import sys
import time

from exercises.grading.cluster import COURSE, PEM, SETTINGS, TLS, Stop, is_scheduler, resources, security

AGAIN = 3  # seconds until workers whose scheduler has ended look for it
MOST = 512  # workers on one machine


def certificates(options):
    """Make the certificates that scheduler, workers and run know each other by, in exercises/cluster/tls/."""
    from distributed import Security
    if any((TLS / name).exists() for name in PEM.values()):
        raise Stop(f"{TLS} holds certificates already. Who has them can run anything on every worker; to make others, delete the folder, and "
                   "copy the new one to every machine.")
    made = Security.temporary()
    contents = {"ca": made.tls_ca_file, "cert": made.tls_client_cert, "key": made.tls_client_key}
    TLS.mkdir(mode=0o700, exist_ok=True)
    for name, file in PEM.items():
        with open(os.open(TLS / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
            target.write(contents[name])
    print(f"Written: {', '.join(PEM.values())} in {TLS}, good for a year. Copy the folder to each machine, and to nobody else: who has it can run "
          "anything on every worker.")


def scheduler(options):
    """Run a scheduler until Ctrl-C; for this machine alone, unless a host is given."""
    security()
    _listen(options.host, options.port)
    print(f"The run and the workers find it at tls://{options.host}:{options.port}, until Ctrl-C.", flush=True)
    return _dask("scheduler", "--host", options.host, "--port", str(options.port), "--protocol", "tls", "--dashboard-address", f"127.0.0.1:{options.dashboard}")


def workers(options):
    """Run workers, each for one submission at a time, until Ctrl-C; where the scheduler ends, they wait for the next."""
    if not is_scheduler(options.address):
        raise Stop(f"SCHEDULER is {options.address!r}: write the address that make scheduler tells, tls://host:8786.")
    security()
    if options.host:
        _listen(options.host, 0)
    print(f"{options.number} workers for {options.address}, until Ctrl-C.", flush=True)
    while True:
        _wait_for_scheduler(options.address)
        _dask("worker", options.address, "--nworkers", str(options.number), "--nthreads", "1", "--no-dashboard", "--memory-limit", "0",
              "--resources", " ".join(f"{name}={number:g}" for name, number in resources().items()),
              "--name", f"{platform.node()}-{os.getpid()}", *(["--host", options.host] if options.host else []))
        print("The workers have ended, perhaps as the scheduler did; they look for it again.", flush=True)
        time.sleep(AGAIN)


def _wait_for_scheduler(address):
    """Return once a scheduler of this course listens there. Raises Stop where one listens that this machine's certificates don't open."""
    host, _, port = address.removeprefix("tls://").rpartition(":")
    said = ""
    while True:
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=5) as plain:
                security().get_connection_args("worker")["ssl_context"].wrap_socket(plain).close()
            return
        except ssl.SSLError as error:
            raise Stop(f"What listens at {address} is not opened by this machine's certificates ({error.reason}): copy exercises/cluster/tls/ from the "
                       "machine where make certificates wrote it and the scheduler runs.") from None
        except OSError as error:
            if said != (said := f"Nobody listens at {address} ({error.strerror or error}); asking again every {AGAIN} s, until Ctrl-C."):
                print(said, flush=True)
        time.sleep(AGAIN)


def _listen(host, port):
    """Raise Stop unless this machine can listen there."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except (socket.gaierror, UnicodeError):
        raise Stop(f"HOST is {host!r}, and this machine knows no such name: write its address, which `hostname -I` tells.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Stop(f"Port {port} of {host} is taken, perhaps by a scheduler that still runs: end it, or choose another port, "
                       f".venv/bin/python -m exercises.cluster scheduler --host {host} --port {port + 10}.") from None
        raise Stop(f"HOST is {host!r}, where this machine can't listen ({error.strerror}): write an address of its own, as `hostname -I` tells.") from None


def _count(text):
    """How many workers."""
    if not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"{text} workers: 1 to {MOST} start on one machine, one for each processor, with up to 3 GB of memory each")
    return int(text)


def _dask(what, *arguments):
    """Run one of Dask's commands with the course's settings and certificates, from the course's folder. What ends this ends that."""
    settings = {f"DASK_{name.upper().replace('-', '_').replace('.', '__')}": repr(value) for name, value in SETTINGS.items()}
    tls = [part for option, name in (("--tls-ca-file", "ca"), ("--tls-cert", "cert"), ("--tls-key", "key")) for part in (option, str(TLS / PEM[name]))]
    process = subprocess.Popen([sys.executable, "-m", "dask", what, *arguments, *tls], cwd=COURSE, env=settings | os.environ | {"PYTHONPATH": str(COURSE)})

    def end(number, _):
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    return process.wait()


def main():
    parser = argparse.ArgumentParser(prog="python -m exercises.cluster", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="certificates, scheduler or workers")
    one = commands.add_parser("certificates", help=certificates.__doc__)
    one.set_defaults(do=certificates)
    two = commands.add_parser("scheduler", help=scheduler.__doc__)
    two.add_argument("--host", default="127.0.0.1", help="this machine's address, for workers on others")
    two.add_argument("--port", type=int, default=8786)
    two.add_argument("--dashboard", type=int, default=8787, help="the port of Dask's pages")
    two.set_defaults(do=scheduler)
    three = commands.add_parser("workers", help=workers.__doc__)
    three.add_argument("address", help="the scheduler's, tls://host:8786")
    three.add_argument("--number", type=_count, default=os.cpu_count() or 1, help="how many")
    three.add_argument("--host", default="", help="this machine's address, where Dask finds another")
    three.set_defaults(do=workers)
    options = parser.parse_args()
    try:
        return options.do(options)
    except Stop as error:
        return str(error)
    except KeyboardInterrupt:  # while workers wait for their scheduler
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
