"""The deployment files: what can run here is run; the rest is read and checked."""

import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from ssl import CERT_NONE, SSLContext, create_default_context
from threading import Thread

import dagster as dg
import pytest
import yaml

from pipelines import settings
from pipelines.defs.history import forget_all_but
from pipelines.defs.instance import open_instance
from pipelines.settings import PROJECT_ROOT, Home
from tests.services import PATHS, free_port, postgresql, unavailable

DEPLOY = PROJECT_ROOT / "deploy"
SECRETS = {"dagster_url", "publish_url", "smtp_url", "postgresql_password", "dagster_password", "publish_password"}


def program(name: str) -> str:
    found = shutil.which(name, path=PATHS)
    return found or str(unavailable(name, f"{name} is not installed (.ci/run)"))


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def test_every_service_runs_as_an_account_other_than_root_has_a_health_check_and_holds_no_secret(compose: dict):
    assert set(compose["services"]) == {"code", "web", "daemon", "proxy", "postgresql"}
    for name, one in compose["services"].items():
        assert one["user"].startswith("${MILLESIME_UID:-10001}") and one["healthcheck"]["test"], name
        for variable, value in one.get("environment", {}).items():
            assert not re.search("URL$|PASSWORD$|KEY$", variable), f"{name}: {variable}"
            if variable.endswith("_FILE"):
                assert value.removeprefix("/run/secrets/") in one["secrets"], f"{name}: {variable}"
    assert set(compose["secrets"]) == SECRETS | {"tls_certificate", "tls_key", "logins"}
    assert all(list(one) == ["file"] for one in compose["secrets"].values())


def test_nothing_but_the_proxy_answers_from_outside(compose: dict):
    published = {name: one["ports"] for name, one in compose["services"].items() if "ports" in one}
    assert list(published) == ["code"] and published["code"][0].endswith(":8443")  # its network is the proxy's
    assert "listen 8443 ssl;" in (DEPLOY / "nginx.conf").read_text()
    for name in ("web", "daemon", "proxy"):
        assert compose["services"][name]["network_mode"] == "service:code"
    assert all(compose["services"][name]["pid"] == "service:code" for name in ("web", "daemon"))  # locks of a home


def test_what_the_services_call_is_there(compose: dict):
    from click.testing import CliRunner

    from pipelines.cli.app import millesime

    known = CliRunner().invoke(millesime, ["serve", "--help"]).stdout
    for name in ("code", "web", "daemon"):
        assert compose["services"][name]["command"][:2] == ["serve", "--part"]
        assert compose["services"][name]["command"][2] in known
    variables = {name for one in compose["services"].values() for name in one.get("environment", {})}
    read = Path(settings.__file__).read_text(encoding="utf-8")
    unknown = {one for one in variables if f'"{one.removesuffix("_FILE")}"' not in read}
    assert unknown == {"POSTGRES_PASSWORD_FILE"}


def test_the_image_is_made_of_checked_wheels_by_an_account_that_is_not_root():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert text.count("\nFROM ") + text.startswith("FROM ") == 2
    assert re.search(r"^USER millesime$", text, re.M) and "RUN deploy/install.sh /opt/millesime" in text
    assert not re.search(r"pip install(?!.*--require-hashes)", text)
    assert "--require-hashes" in (DEPLOY / "install.sh").read_text(encoding="utf-8")


# the proxy ------------------------------------------------------------


class Told(BaseHTTPRequestHandler):
    """The interface: it answers with the headers that it was asked with."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.headers).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[int]:
    """nginx as it is deployed, before an interface of the test's own: the port that answers."""
    nginx, openssl = program("nginx"), program("openssl")
    inside = HTTPServer(("127.0.0.1", 0), Told)
    Thread(target=inside.serve_forever, daemon=True).start()
    named = ["-keyout", tmp_path / "tls_key", "-out", tmp_path / "tls_certificate", "-subj", "/CN=rapport.example"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *named]
    subprocess.run(command, check=True, capture_output=True)
    hashed = subprocess.run([openssl, "passwd", "-6", "s3cret"], check=True, capture_output=True, text=True).stdout
    (tmp_path / "logins").write_text(f"a martin:{hashed}", encoding="utf-8")
    port = free_port()
    conf = (DEPLOY / "nginx.conf").read_text(encoding="utf-8").replace("/run/secrets", str(tmp_path))
    conf = conf.replace("listen 8443", f"listen 127.0.0.1:{port}").replace(":3000", f":{inside.server_port}")
    places = "".join(
        f"{one}_temp_path {tmp_path}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off; pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {places} access_log off;\n{conf} }}"
    if os.getuid() == 0:
        whole = f"user root; {whole}"  # pytest's folders are root's alone
    (tmp_path / "whole.conf").write_text(whole, encoding="utf-8")
    process = subprocess.Popen(
        [nginx, "-c", tmp_path / "whole.conf", "-p", tmp_path], stderr=subprocess.PIPE, text=True
    )
    for _ in range(100):
        if process.poll() is not None:
            pytest.fail(str(process.stderr and process.stderr.read()))
        try:
            asked(port, "/health")
            break
        except urllib.error.URLError:
            time.sleep(0.1)
    yield port
    process.terminate()
    process.wait(10)
    inside.shutdown()


def asked(port: int, path: str = "/", user: str | None = None, **headers: str) -> str:
    request = urllib.request.Request(f"https://127.0.0.1:{port}{path}")
    if user:
        request.add_header("Authorization", f"Basic {b64encode(user.encode()).decode()}")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    context: SSLContext = create_default_context()
    context.check_hostname, context.verify_mode = False, CERT_NONE
    with urllib.request.urlopen(request, context=context, timeout=10) as answer:
        return answer.read().decode()


def test_nobody_passes_without_a_login_and_the_interface_is_asked_under_the_name_that_the_browser_used(proxy: int):
    for user in (None, "a martin:wrong", "other:s3cret"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            asked(proxy, user=user)
        assert refused.value.code == 401
    told = asked(proxy, user="a martin:s3cret", Host="rapport.example:8443")
    assert "Host: rapport.example:8443" in told and "Basic" not in told  # the password goes no further
    assert asked(proxy, "/health") == ""


# systemd ------------------------------------------------------------


def test_the_units_are_sound(tmp_path: Path):
    systemd = program("systemd-analyze")
    for unit in (DEPLOY / "systemd").iterdir():
        text = unit.read_text(encoding="utf-8").replace("/opt/millesime/bin/millesime", shutil.which("true") or "")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    units = sorted(map(str, tmp_path.iterdir()))
    assert len(units) == 3
    done = subprocess.run([systemd, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "millesime" in line]
    assert (done.returncode, said) == (0, []), done.stderr
    broken = tmp_path / "millesime.service"
    broken.write_text(broken.read_text().replace("ExecStart=", "ExecStrat="))
    assert subprocess.run([systemd, "verify", "--man=no", broken], capture_output=True, check=False).returncode != 0


# PostgreSQL ------------------------------------------------------------


def test_dagster_keeps_its_runs_in_postgresql_and_forgets_them_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("dagster", "publish"):
        (tmp_path / f"{name}_password").write_text("mot de passe", encoding="utf-8")
    home = Home(tmp_path / "home")
    with postgresql() as server:
        place = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "SECRETS": str(tmp_path)}
        path = {"PATH": f"{server.binaries}{os.pathsep}{PATHS}"}
        subprocess.run([DEPLOY / "postgresql.sh"], env=os.environ | place | path, check=True, capture_output=True)
        address = tmp_path / "address"
        address.write_text(server.url("dagster", "mot%20de%20passe", "dagster"), encoding="utf-8")
        address.chmod(0o600)
        monkeypatch.setenv("MILLESIME_DAGSTER_URL_FILE", str(address))
        monkeypatch.setenv("MILLESIME_DAGSTER_URL", "")  # restored after the test

        @dg.job
        def nothing() -> None:
            dg.op(name="step")(lambda: None)()

        forget_all_but(home, 100)  # as the first command does
        assert "passe" not in (home.dagster / "dagster.yaml").read_text()
        with open_instance(home) as instance:
            runs = [nothing.execute_in_process(instance=instance).run_id for _ in range(3)]
        forget_all_but(home, 1)
        with open_instance(home) as instance:
            assert [run.run_id for run in instance.get_runs()] == runs[-1:] and instance.all_logs(runs[-1])
        assert not list(home.dagster.rglob("*.db"))
