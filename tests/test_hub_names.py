"""Under which name a hub answers what, and what root's program says of a hub that does not answer."""
import asyncio
import email.message
import importlib.util
import io
import sys
import urllib.error
from pathlib import Path
from types import SimpleNamespace

import pytest

if sys.platform != "linux":
    pytest.skip("grading needs Linux", allow_module_level=True)
HUB = Path(__file__).resolve().parent.parent / "hub"


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"hub_{name}", HUB / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def spawning(monkeypatch):
    from jupyterhub.handlers import BaseHandler
    if importlib.util.find_spec("systemdspawner") is None:  # of the hub's own environment; nothing here is started by it
        monkeypatch.setitem(sys.modules, "systemdspawner", SimpleNamespace(SystemdSpawner=object))
    before = BaseHandler.prepare
    yield loaded("spawning")
    BaseHandler.prepare = before


@pytest.mark.parametrize("host, own", [
    ("class.example.org", True), ("class.example.org:8443", True), ("CLASS.example.org.", True), ("notclass.example.org", True), ("127.0.0.1:8081", True),
    ("ada.class.example.org", False), ("ada.class.example.org:8443", False), ("ADA.Class.Example.ORG", False), ("ada.class.example.org.", False),
    ("ada.class.example.org.:800", False), ("a.b.class.example.org", False)])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_under_a_students_name_the_hub_leads_to_its_own_and_takes_nothing(spawning, monkeypatch, host, own, method):
    from tornado import web
    led = []

    async def prepare(handler):
        led.append("prepared")

    monkeypatch.setattr(spawning, "prepare", prepare)
    handler = SimpleNamespace(request=SimpleNamespace(host=host, method=method, uri="/hub/login?next=x"), domain="class.example.org",
                              subdomain_host="https://class.example.org", redirect=led.append)
    if own or method in ("GET", "HEAD"):
        asyncio.run(spawning.under_its_own_name(handler))
        assert led == (["prepared"] if own else ["https://class.example.org/hub/login?next=x"])
    else:
        with pytest.raises(web.HTTPError) as refused:
            asyncio.run(spawning.under_its_own_name(handler))
        assert refused.value.status_code == 403 and led == []


@pytest.fixture
def forget(tmp_path, monkeypatch):
    """forget(error): what the program says and the request that it made, where the hub answered so."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "token").write_text("secret\n")
    monkeypatch.setenv("COURSE_CLASS", str(tmp_path))
    module = loaded("forget")
    config = SimpleNamespace(JupyterHub=SimpleNamespace(bind_url="http://127.0.0.1:800", subdomain_host="https://class.example.org:8443"))

    def call(error=None, name="ada"):
        def urlopen(request, timeout):
            call.request = request
            if error is not None:
                raise error

        monkeypatch.setattr(module.urllib.request, "urlopen", urlopen)
        return module.forget(name, config)

    return call


def answer(code):
    return urllib.error.HTTPError("http://x", code, "no", email.message.Message(), io.BytesIO(b"why"))


@pytest.mark.parametrize("error", [None, answer(404), urllib.error.URLError(ConnectionRefusedError(111, "Connection refused")), ConnectionRefusedError(111, "refused")])
def test_a_hub_that_does_not_run_or_never_knew_the_student_is_no_fault(forget, error):
    assert forget(error, "ada l&c") is None
    assert forget.request.full_url == "http://127.0.0.1:800/hub/api/users/ada%20l%26c" and forget.request.method == "DELETE"
    assert dict(forget.request.header_items()) == {"Host": "class.example.org:8443", "Authorization": "token secret"}


@pytest.mark.parametrize("error, says", [
    (answer(403), "HTTP Error 403"), (answer(500), "b'why'"), (TimeoutError("timed out"), "timed out"), (ConnectionResetError(104, "reset by peer"), "reset by peer"),
    (urllib.error.URLError(TimeoutError("timed out")), "timed out"), (urllib.error.URLError(OSError(113, "No route to host")), "No route to host")])
def test_a_hub_that_did_not_do_it_is_told(forget, error, says):
    with pytest.raises(SystemExit, match=f"^The hub did not forget ada: .*{says}"):
        forget(error)


def test_settings_that_can_not_be_read_are_named_with_their_line(forget, tmp_path, monkeypatch):
    module = loaded("forget")
    for error, says in ((SyntaxError("invalid syntax", ("settings.py", 7, 1, "x")), ", line 7): SyntaxError: invalid"), (NameError("name 'd' is not defined"), "settings.py): NameError: name 'd'")):
        monkeypatch.setattr(module, "PyFileConfigLoader", lambda *_, error=error, **__: SimpleNamespace(load_config=lambda: (_ for _ in ()).throw(error)))
        with pytest.raises(SystemExit) as ended:
            module.configuration()
        assert str(ended.value).startswith("The hub's settings can't be read (") and says in str(ended.value), str(ended.value)
